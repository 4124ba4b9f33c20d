"""Operations on tables."""

from __future__ import annotations

from dataclasses import replace

from services.timestream_local import database
from services.timestream_local.catalog import (
    DEFAULT_MAGNETIC_DAYS,
    DEFAULT_MEMORY_HOURS,
    MOST_TABLES,
    Table,
    table_arn,
)
from services.timestream_local.errors import ConflictException, ValidationException
from services.timestream_local.list_pagination import page, with_token
from services.timestream_local.request_fields import listed, new_name, optional, required, within
from services.timestream_local.state import Body, EndpointState, Response
from services.timestream_local.tag_operations import tags_of
from services.timestream_local.types import JsonValue

DEFAULT_SCHEMA: Body = {"CompositePartitionKey": [{"Type": "MEASURE"}]}


class TableOperations:
    """The operations that create, describe, list, update and delete tables."""

    def __init__(self, state: EndpointState) -> None:
        self._state = state

    async def create_table(self, body: Body, _address: str) -> Response:
        """Create a table."""
        database_name, name = required(body, "DatabaseName", str), new_name(body, "TableName")
        tags, catalog, now = tags_of(body), self._state.catalog, self._state.seconds()
        hours, days = _retention(body) or (DEFAULT_MEMORY_HOURS, DEFAULT_MAGNETIC_DAYS)
        magnetic = _magnetic(body) or {"EnableMagneticStoreWrites": False}
        schema = _schema(body) or DEFAULT_SCHEMA

        def change(cursor: database.Cursor) -> Table:
            catalog.database(database_name)
            if (database_name, name) in catalog.tables:
                raise ConflictException(f"The table {name} already exists.")
            self._state.check_quota("tables", len(catalog.tables), MOST_TABLES)
            number = database.next_table_id(cursor)
            made = Table(number, database_name, name, hours, days, magnetic, schema, now, now)
            database.create_rows(cursor, made)
            database.save_table(cursor, made)
            database.save_tags(cursor, table_arn(made), tags)
            return made

        def keep(made: Table) -> None:
            catalog.tables[database_name, name] = made
            catalog.tags[table_arn(made)] = tags

        return {"Table": described(await self._state.change(change, keep))}

    async def describe_table(self, body: Body, _address: str) -> Response:
        """Describe a table."""
        return {"Table": described(named_table(self._state, body))}

    async def list_tables(self, body: Body, _address: str) -> Response:
        """List the tables of a database, or all tables, in pages."""
        catalog, database_name = self._state.catalog, optional(body, "DatabaseName", str)
        if database_name is not None:
            catalog.database(database_name)
        named = [((table.database, table.name), table) for table in catalog.tables_of(database_name)]
        found, token = page(body, named)
        return with_token({"Tables": [described(each) for each in found]}, token)

    async def update_table(self, body: Body, _address: str) -> Response:
        """Change a table's retention, magnetic store writes or schema."""
        named = named_table(self._state, body)
        key = (named.database, named.name)
        retention, magnetic, schema = _retention(body), _magnetic(body), _schema(body)
        catalog, now = self._state.catalog, self._state.seconds()

        def change(cursor: database.Cursor) -> Table:
            table = catalog.table(*key)
            hours, days = retention or (table.memory_hours, table.magnetic_days)
            if schema and partition_of(schema) != partition_of(table.schema):
                raise ValidationException(
                    "The names, types and order of a table's partition keys can't be changed, only their "
                    "EnforcementInRecord"
                )
            changed = replace(
                table,
                memory_hours=hours,
                magnetic_days=days,
                magnetic=magnetic or table.magnetic,
                schema=schema or table.schema,
                updated=now,
            )
            database.save_table(cursor, changed)
            return changed

        def keep(changed: Table) -> None:
            catalog.tables[key] = changed

        return {"Table": described(await self._state.change(change, keep))}

    async def delete_table(self, body: Body, _address: str) -> Response:
        """Delete a table and its records."""
        named, catalog = named_table(self._state, body), self._state.catalog
        key = (named.database, named.name)

        def change(cursor: database.Cursor) -> Table:
            table = catalog.table(*key)
            database.drop_table(cursor, table)
            database.save_tags(cursor, table_arn(table), {})
            return table

        def keep(table: Table) -> None:
            del catalog.tables[key]
            self._state.writer.forget(key)
            catalog.tags.pop(table_arn(table), None)

        await self._state.change(change, keep)
        return {}


def named_table(state: EndpointState, body: Body) -> Table:
    """Return the table that a request names. Raise `ResourceNotFoundException` if there is none."""
    names = required(body, "DatabaseName", str), required(body, "TableName", str)
    return state.catalog.table(*names)


def described(found: Table) -> Response:
    """A table in the API's format."""
    return {
        "Arn": table_arn(found),
        "TableName": found.name,
        "DatabaseName": found.database,
        "TableStatus": "ACTIVE",
        "RetentionProperties": {
            "MemoryStoreRetentionPeriodInHours": found.memory_hours,
            "MagneticStoreRetentionPeriodInDays": found.magnetic_days,
        },
        "MagneticStoreWriteProperties": found.magnetic,
        "Schema": found.schema,
        "CreationTime": found.created,
        "LastUpdatedTime": found.updated,
    }


def _retention(body: Body) -> tuple[int, int] | None:
    """The hours in the memory store and days in the magnetic store that a request gives, if any."""
    found = optional(body, "RetentionProperties", dict)
    if found is None:
        return None
    memory, magnetic = "MemoryStoreRetentionPeriodInHours", "MagneticStoreRetentionPeriodInDays"
    hours, days = required(found, memory, int), required(found, magnetic, int)
    within(hours, memory, 1, 8766)
    within(days, magnetic, 1, DEFAULT_MAGNETIC_DAYS)
    return hours, days


def _magnetic(body: Body) -> Body | None:
    found = optional(body, "MagneticStoreWriteProperties", dict)
    if found is not None:
        required(found, "EnableMagneticStoreWrites", bool)
    return found


def _schema(body: Body) -> Body | None:
    """The schema in a request, if any. Records are checked for the dimensions that it requires.

    Raises `ValidationException` for an invalid partition key.
    """
    found = optional(body, "Schema", dict)
    if found is not None and found.get("CompositePartitionKey") == []:
        raise ValidationException(
            "1 validation error detected: Value '[]' at 'schema.compositePartitionKey' failed to satisfy "
            "constraint: Member must have length greater than or equal to 1"
        )
    for key in listed(found or {}, "CompositePartitionKey"):
        if not isinstance(key, dict) or key.get("Type") not in ("DIMENSION", "MEASURE"):
            raise ValidationException("A partition key's Type is DIMENSION or MEASURE")
        if key.get("EnforcementInRecord", "OPTIONAL") not in ("REQUIRED", "OPTIONAL"):
            raise ValidationException("EnforcementInRecord is REQUIRED or OPTIONAL")
        if key["Type"] == "DIMENSION" and not key.get("Name"):
            raise ValidationException("A partition key of Type DIMENSION needs a Name")
    return found


def partition_of(schema: Body) -> list[tuple[JsonValue, JsonValue]]:
    """The types and names of a schema's partition keys, in their order."""
    keys = (key for key in listed(schema, "CompositePartitionKey") if isinstance(key, dict))
    return [(key.get("Type"), key.get("Name")) for key in keys]
