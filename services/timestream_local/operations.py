"""The API's operations: a request's body in, an answer's body out."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, TypeAlias

from services.timestream_local import database
from services.timestream_local.catalog import (
    ACCOUNT,
    DEFAULT_MAGNETIC_DAYS,
    DEFAULT_MEMORY_HOURS,
    REGION,
    Catalog,
    Database,
    Table,
    database_arn,
    table_arn,
)
from services.timestream_local.errors import (
    ConflictException,
    RejectedRecordsException,
    ResourceNotFoundException,
    UnknownOperationException,
    ValidationException,
)
from services.timestream_local.queries import Queries
from services.timestream_local.records import bounds_of, read_records
from services.timestream_local.shapes import listed, mapped, optional, required, within
from services.timestream_local.values import DAY_NS
from services.timestream_local.writer import Writer

Body: TypeAlias = dict[str, Any]
Now: TypeAlias = Literal["wall", "data"]
DEFAULT_SCHEMA = {"CompositePartitionKey": [{"Type": "MEASURE"}]}
LONGEST_QUERY = 262_144
MOST_TAGS = 200
MOST_LISTED = 20
"""Databases or tables in one answer."""
_NAME = re.compile(r"[a-zA-Z0-9_.-]{3,256}", re.ASCII)
NOT_HERE = (
    "CreateBatchLoadTask",
    "DescribeBatchLoadTask",
    "ListBatchLoadTasks",
    "ResumeBatchLoadTask",
    "CreateScheduledQuery",
    "DeleteScheduledQuery",
    "DescribeScheduledQuery",
    "ExecuteScheduledQuery",
    "ListScheduledQueries",
    "UpdateScheduledQuery",
    "PrepareQuery",
    "DescribeAccountSettings",
    "UpdateAccountSettings",
)
"""Operations of the API that this endpoint refuses by name."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What operations work on. `wall` tells nanoseconds since the epoch; `now` says what rules."""

    catalog: Catalog
    writer: Writer
    queries: Queries
    wall: Callable[[], int]
    now: Now
    pool: ThreadPoolExecutor

    def instant(self, *databases: str) -> int | None:
        """Now in nanoseconds: wall time, or the newest data's of these databases; None without any."""
        return self.wall() if self.now == "wall" else self.writer.newest(databases)

    def asked_at(self, *databases: str) -> int:
        """Now for a query of these databases; wall time while nothing is stored that could say."""
        return self.instant(*databases) or self.wall()


class Operations:
    """Answers requests. Raises `AwsError` for what can't be done."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._by_name: dict[str, Callable[[Body, str], Awaitable[Body]]] = {
            "DescribeEndpoints": self.describe_endpoints,
            "CreateDatabase": self.create_database,
            "DescribeDatabase": self.describe_database,
            "ListDatabases": self.list_databases,
            "UpdateDatabase": self.update_database,
            "DeleteDatabase": self.delete_database,
            "CreateTable": self.create_table,
            "DescribeTable": self.describe_table,
            "ListTables": self.list_tables,
            "UpdateTable": self.update_table,
            "DeleteTable": self.delete_table,
            "WriteRecords": self.write_records,
            "Query": self.query,
            "CancelQuery": self.cancel_query,
            "ListTagsForResource": self.list_tags,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
        }

    async def answer(self, name: str, body: Body, host: str) -> Body:
        """The answer to one operation; `host` is where the client found us."""
        operation = self._by_name.get(name)
        if operation is not None:
            return await operation(body, host)
        if name in NOT_HERE:
            raise ValidationException(f"{name} is not supported by this endpoint")
        raise UnknownOperationException(f"Unknown operation: {name[:64]}")

    async def describe_endpoints(self, _body: Body, host: str) -> Body:
        """Our own address. With its scheme: clients take an address without one for HTTPS."""
        return {"Endpoints": [{"Address": f"http://{host}", "CachePeriodInMinutes": 1440}]}

    async def create_database(self, body: Body, _host: str) -> Body:
        """Make a database."""
        name, tags = _new_name(body, "DatabaseName"), _tags(body)
        default_key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
        now = self._seconds()
        made = Database(name, optional(body, "KmsKeyId", str) or default_key, now, now)
        catalog = self._parts.catalog

        def change(cursor: database.Cursor) -> None:
            if name in catalog.databases:
                raise ConflictException(f"The database {name} already exists.")
            database.save_database(cursor, made)
            database.save_tags(cursor, database_arn(name), tags)

        def keep(_done: None) -> None:
            catalog.databases[name] = made
            catalog.tags[database_arn(name)] = tags

        await self._change(change, keep)
        return {"Database": self._database(made)}

    async def describe_database(self, body: Body, _host: str) -> Body:
        """What a database is like."""
        found = self._parts.catalog.database(required(body, "DatabaseName", str))
        return {"Database": self._database(found)}

    async def list_databases(self, body: Body, _host: str) -> Body:
        """Databases by name, page by page."""
        named = sorted(self._parts.catalog.databases.items())
        page, token = _page(body, [((name,), found) for name, found in named])
        return _with_token({"Databases": [self._database(found) for found in page]}, token)

    async def update_database(self, body: Body, _host: str) -> Body:
        """Give a database another key."""
        name, key = required(body, "DatabaseName", str), required(body, "KmsKeyId", str)
        catalog, now = self._parts.catalog, self._seconds()

        def change(cursor: database.Cursor) -> Database:
            changed = replace(catalog.database(name), kms_key=key, updated=now)
            database.save_database(cursor, changed)
            return changed

        def keep(changed: Database) -> None:
            catalog.databases[name] = changed

        return {"Database": self._database(await self._change(change, keep))}

    async def delete_database(self, body: Body, _host: str) -> Body:
        """Remove a database without tables."""
        name, catalog = required(body, "DatabaseName", str), self._parts.catalog

        def change(cursor: database.Cursor) -> None:
            catalog.database(name)
            if catalog.tables_of(name):
                raise ValidationException(
                    f"The database {name} can't be deleted: all tables in it must be deleted first."
                )
            database.drop_database(cursor, name)
            database.save_tags(cursor, database_arn(name), {})

        def keep(_done: None) -> None:
            del catalog.databases[name]
            catalog.tags.pop(database_arn(name), None)

        await self._change(change, keep)
        return {}

    async def create_table(self, body: Body, _host: str) -> Body:
        """Make a table."""
        place, name = required(body, "DatabaseName", str), _new_name(body, "TableName")
        tags, catalog, now = _tags(body), self._parts.catalog, self._seconds()
        hours, days = _retention(body) or (DEFAULT_MEMORY_HOURS, DEFAULT_MAGNETIC_DAYS)
        magnetic = _magnetic(body) or {"EnableMagneticStoreWrites": False}
        schema = _schema(body) or DEFAULT_SCHEMA

        def change(cursor: database.Cursor) -> Table:
            catalog.database(place)
            if (place, name) in catalog.tables:
                raise ConflictException(f"The table {name} already exists.")
            number = database.next_table_id(cursor)
            made = Table(number, place, name, hours, days, magnetic, schema, now, now)
            database.create_rows(cursor, made)
            database.save_table(cursor, made)
            database.save_tags(cursor, table_arn(made), tags)
            return made

        def keep(made: Table) -> None:
            catalog.tables[place, name] = made
            catalog.tags[table_arn(made)] = tags

        return {"Table": _table(await self._change(change, keep))}

    async def describe_table(self, body: Body, _host: str) -> Body:
        """What a table is like."""
        return {"Table": _table(self._table(body))}

    async def list_tables(self, body: Body, _host: str) -> Body:
        """Tables of a database, or of all, page by page."""
        catalog, place = self._parts.catalog, optional(body, "DatabaseName", str)
        if place is not None:
            catalog.database(place)
        named = [((table.database, table.name), table) for table in catalog.tables_of(place)]
        page, token = _page(body, named)
        return _with_token({"Tables": [_table(found) for found in page]}, token)

    async def update_table(self, body: Body, _host: str) -> Body:
        """Change a table's retention, magnetic store writes or schema."""
        self._table(body)
        key = (body["DatabaseName"], body["TableName"])
        retention, magnetic, schema = _retention(body), _magnetic(body), _schema(body)
        catalog, now = self._parts.catalog, self._seconds()

        def change(cursor: database.Cursor) -> Table:
            table = catalog.table(*key)
            hours, days = retention or (table.memory_hours, table.magnetic_days)
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

        return {"Table": _table(await self._change(change, keep))}

    async def delete_table(self, body: Body, _host: str) -> Body:
        """Remove a table and its records."""
        self._table(body)
        key, catalog = (body["DatabaseName"], body["TableName"]), self._parts.catalog

        def change(cursor: database.Cursor) -> Table:
            table = catalog.table(*key)
            database.drop_table(cursor, table)
            database.save_tags(cursor, table_arn(table), {})
            return table

        def keep(table: Table) -> None:
            del catalog.tables[key]
            self._parts.writer.forget(key)
            catalog.tags.pop(table_arn(table), None)

        await self._change(change, keep)
        return {}

    async def write_records(self, body: Body, _host: str) -> Body:
        """Store records; answered when they are committed."""
        table, parts = self._table(body), self._parts
        bounds = bounds_of(table, parts.instant(table.database), future=parts.now == "wall")
        batch = read_records(body, bounds)
        if batch.time:
            await asyncio.wrap_future(parts.writer.write((table.database, table.name), batch))
        if batch.rejected:
            raise RejectedRecordsException([_rejected(i, *why) for i, why in sorted(batch.rejected.items())])
        memory = sum(time >= bounds.memory for time in batch.time)
        total = len(batch.time)
        return {"RecordsIngested": {"Total": total, "MemoryStore": memory, "MagneticStore": total - memory}}

    async def query(self, body: Body, _host: str) -> Body:
        """Run a query, or go on with one."""
        sql, parts = required(body, "QueryString", str), self._parts
        if not 1 <= len(sql) <= LONGEST_QUERY:
            raise ValidationException(f"The query string must have 1 to {LONGEST_QUERY} characters")
        most = within(optional(body, "MaxRows", int), "MaxRows", 1, 1000)
        token = optional(body, "NextToken", str)
        if mapped(body, "QueryInsights").get("Mode", "DISABLED") != "DISABLED":
            raise ValidationException("QueryInsights is not supported by this endpoint")
        if token is not None:
            work = partial(parts.queries.resume, sql, token, most)
        else:
            work = partial(parts.queries.run, sql, parts.asked_at, most)
        return await asyncio.get_running_loop().run_in_executor(parts.pool, work)

    async def cancel_query(self, body: Body, _host: str) -> Body:
        """Let go of a query with further pages."""
        query_id = required(body, "QueryId", str)
        self._parts.queries.cancel(query_id)
        return {"CancellationMessage": f"Query {query_id} was cancelled"}

    async def list_tags(self, body: Body, _host: str) -> Body:
        """The tags of a database or table."""
        tags = self._parts.catalog.tags.get(self._arn(body), {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}

    async def tag_resource(self, body: Body, _host: str) -> Body:
        """Add tags."""
        arn, more = self._arn(body), _tags(body)
        await self._retag(arn, lambda tags: tags | more)
        return {}

    async def untag_resource(self, body: Body, _host: str) -> Body:
        """Take tags away."""
        arn, keys = self._arn(body), set(map(str, required(body, "TagKeys", list)))
        await self._retag(arn, lambda tags: {k: v for k, v in tags.items() if k not in keys})
        return {}

    async def _retag(self, arn: str, changed: Callable[[dict[str, str]], dict[str, str]]) -> None:
        catalog = self._parts.catalog

        def change(cursor: database.Cursor) -> dict[str, str]:
            tags = changed(catalog.tags.get(arn, {}))
            if len(tags) > MOST_TAGS:
                raise ValidationException(f"A resource has at most {MOST_TAGS} tags")
            database.save_tags(cursor, arn, tags)
            return tags

        def keep(tags: dict[str, str]) -> None:
            catalog.tags[arn] = tags

        await self._change(change, keep)

    async def _change(self, change: Callable[[database.Cursor], Any], keep: Callable[[Any], None]) -> Any:
        return await asyncio.wrap_future(self._parts.writer.change(change, keep))

    def _table(self, body: Body) -> Table:
        names = required(body, "DatabaseName", str), required(body, "TableName", str)
        return self._parts.catalog.table(*names)

    def _arn(self, body: Body) -> str:
        arn = required(body, "ResourceARN", str)
        # Region and account are whatever the client thinks them to be.
        ours = f"{database_arn('')}{arn.partition(':database/')[2]}"
        if ours not in self._parts.catalog.arns():
            raise ResourceNotFoundException(f"The resource {arn[:256]} does not exist.")
        return ours

    def _seconds(self) -> float:
        return self._parts.wall() / 1e9

    def _database(self, found: Database) -> Body:
        return {
            "Arn": database_arn(found.name),
            "DatabaseName": found.name,
            "TableCount": len(self._parts.catalog.tables_of(found.name)),
            "KmsKeyId": found.kms_key,
            "CreationTime": found.created,
            "LastUpdatedTime": found.updated,
        }


def _table(found: Table) -> Body:
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


def _rejected(index: int, reason: str, existing: int | None) -> dict[str, object]:
    found: dict[str, object] = {"RecordIndex": index, "Reason": reason}
    return found if existing is None else found | {"ExistingVersion": existing}


def _new_name(body: Body, member: str) -> str:
    name = required(body, member, str)
    if not _NAME.fullmatch(name):
        raise ValidationException(
            f"1 validation error detected: Value '{name[:300]}' at '{member[0].lower()}{member[1:]}' failed "
            "to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]{3,256}"
        )
    return name


def _tags(body: Body) -> dict[str, str]:
    tags = {}
    for tag in listed(body, "Tags"):
        if not isinstance(tag, dict):
            raise ValidationException("Tags must be structures")
        key, value = required(tag, "Key", str), required(tag, "Value", str)
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise ValidationException("Tag keys have 1 to 128 characters, values at most 256")
        tags[key] = value
    return tags


def _retention(body: Body) -> tuple[int, int] | None:
    """Hours in the memory store and days in the magnetic one."""
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
    """A partition key. It changes nothing here; what it would enforce is refused."""
    found = optional(body, "Schema", dict)
    for key in listed(found or {}, "CompositePartitionKey"):
        if not isinstance(key, dict) or key.get("Type") not in ("DIMENSION", "MEASURE"):
            raise ValidationException("A partition key's Type is DIMENSION or MEASURE")
        if key.get("EnforcementInRecord") == "REQUIRED":
            raise ValidationException("EnforcementInRecord REQUIRED is not supported by this endpoint")
    return found


def _page(
    body: Body, named: Sequence[tuple[tuple[str, ...], Any]]
) -> tuple[list[Any], tuple[str, ...] | None]:
    """What comes after the token, at most as many as asked for; the last name if there are more."""
    most = within(optional(body, "MaxResults", int), "MaxResults", 1, MOST_LISTED) or MOST_LISTED
    token = optional(body, "NextToken", str)
    after = _token_names(token) if token else ()
    rest = [entry for entry in named if entry[0] > after]
    return [found for _, found in rest[:most]], rest[most - 1][0] if len(rest) > most else None


def _token_names(token: str) -> tuple[str, ...]:
    try:
        return tuple(base64.b64decode(token.encode(), b"-_", validate=True).decode().split("\n"))
    except (binascii.Error, ValueError):
        raise ValidationException("Invalid pagination token.") from None


def _with_token(answer: Body, last: tuple[str, ...] | None) -> Body:
    if last is None:
        return answer
    return answer | {"NextToken": base64.urlsafe_b64encode("\n".join(last).encode()).decode()}


async def prune(parts: Parts) -> None:
    """Remove what has been older than its table's retention for a day; queries don't see it before."""

    def change(cursor: database.Cursor) -> None:
        for table in parts.catalog.tables_of(None):
            oldest = (parts.instant(table.database) or 0) - table.retention_ns - DAY_NS
            if oldest > 0:
                cursor.execute(f"DELETE FROM {table.place} WHERE time < ?", [oldest])

    await asyncio.wrap_future(parts.writer.change(change, lambda _done: None))
