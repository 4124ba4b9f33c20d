"""Operations on databases."""

from __future__ import annotations

from dataclasses import replace

from services.timestream_local import database
from services.timestream_local.catalog import ACCOUNT, MOST_DATABASES, REGION, Database, database_arn
from services.timestream_local.errors import ConflictException, ValidationException
from services.timestream_local.list_pagination import page, with_token
from services.timestream_local.request_fields import new_name, optional, required
from services.timestream_local.state import Body, EndpointState, Response
from services.timestream_local.tag_operations import tags_of

DEFAULT_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"


class DatabaseOperations:
    """The operations that create, describe, list, update and delete databases."""

    def __init__(self, state: EndpointState) -> None:
        self._state = state

    async def create_database(self, body: Body, _address: str) -> Response:
        """Create a database."""
        name, tags = new_name(body, "DatabaseName"), tags_of(body)
        now = self._state.seconds()
        made = Database(name, optional(body, "KmsKeyId", str) or DEFAULT_KEY, now, now)
        catalog = self._state.catalog

        def change(cursor: database.Cursor) -> None:
            if name in catalog.databases:
                raise ConflictException(f"The database {name} already exists.")
            self._state.check_quota("databases", len(catalog.databases), MOST_DATABASES)
            database.save_database(cursor, made)
            database.save_tags(cursor, database_arn(name), tags)

        def keep(_done: None) -> None:
            catalog.databases[name] = made
            catalog.tags[database_arn(name)] = tags

        await self._state.change(change, keep)
        return {"Database": self._database(made)}

    async def describe_database(self, body: Body, _address: str) -> Response:
        """Describe a database."""
        found = self._state.catalog.database(required(body, "DatabaseName", str))
        return {"Database": self._database(found)}

    async def list_databases(self, body: Body, _address: str) -> Response:
        """List databases by name, in pages."""
        named = sorted(self._state.catalog.databases.items())
        found, token = page(body, [((name,), found) for name, found in named])
        return with_token({"Databases": [self._database(each) for each in found]}, token)

    async def update_database(self, body: Body, _address: str) -> Response:
        """Change a database's KMS key."""
        name, key = required(body, "DatabaseName", str), required(body, "KmsKeyId", str)
        catalog, now = self._state.catalog, self._state.seconds()

        def change(cursor: database.Cursor) -> Database:
            changed = replace(catalog.database(name), kms_key=key, updated=now)
            database.save_database(cursor, changed)
            return changed

        def keep(changed: Database) -> None:
            catalog.databases[name] = changed

        return {"Database": self._database(await self._state.change(change, keep))}

    async def delete_database(self, body: Body, _address: str) -> Response:
        """Delete a database. It must not have tables."""
        name, catalog = required(body, "DatabaseName", str), self._state.catalog

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

        await self._state.change(change, keep)
        return {}

    def _database(self, found: Database) -> Response:
        return {
            "Arn": database_arn(found.name),
            "DatabaseName": found.name,
            "TableCount": len(self._state.catalog.tables_of(found.name)),
            "KmsKeyId": found.kms_key,
            "CreationTime": found.created,
            "LastUpdatedTime": found.updated,
        }
