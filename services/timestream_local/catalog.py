"""Databases, tables and columns as immutable values, and the catalog of the current ones and their tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeAlias

from services.timestream_local.errors import ResourceNotFoundException
from services.timestream_local.scheduled.definition import ScheduledQuery
from services.timestream_local.types import DAY_NS, HOUR_NS, JsonObject, Type

REGION, ACCOUNT = "eu-west-1", "000000000000"
MOST_DATABASES, MOST_TABLES, MOST_SCHEDULED = 500, 50_000, 10_000
"""The most of an account, from Timestream's page "Quotas"."""
DEFAULT_MEMORY_HOURS, DEFAULT_MAGNETIC_DAYS = 6, 73_000
Role: TypeAlias = Literal["dimension", "measure"]
SINGLE_MEASURES = {
    f"measure_value::{kind.value.lower()}": kind
    for kind in (Type.BIGINT, Type.BOOLEAN, Type.DOUBLE, Type.VARCHAR)
}
"""The columns of records with a single measure."""


@dataclass(frozen=True, slots=True)
class Column:
    """A dimension or measure of a table. `physical_name` is the name of its column in DuckDB."""

    name: str
    role: Role
    type: Type
    physical_name: str


@dataclass(frozen=True, slots=True)
class Database:
    """A database; times in seconds since the epoch."""

    name: str
    kms_key: str
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its retention in the memory and magnetic store, and its columns in the order of first use.

    `magnetic` and `schema` are the API's MagneticStoreWriteProperties and Schema. Times are in seconds since
    the epoch.
    """

    id: int
    database: str
    name: str
    memory_hours: int
    magnetic_days: int
    magnetic: JsonObject
    schema: JsonObject
    created: float
    updated: float
    columns: tuple[Column, ...] = ()

    @property
    def physical_name(self) -> str:
        """The name of the DuckDB table with its rows."""
        return f"data_{self.id}"

    @property
    def dimensions(self) -> tuple[Column, ...]:
        """The columns that are dimensions."""
        return tuple(column for column in self.columns if column.role == "dimension")

    @property
    def measures(self) -> tuple[Column, ...]:
        """The columns that are measures."""
        return tuple(column for column in self.columns if column.role == "measure")

    @property
    def partition_key(self) -> Sequence[JsonObject]:
        """The parts of the composite partition key, in the API's format."""
        found = self.schema.get("CompositePartitionKey")
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    @property
    def required_dimensions(self) -> Sequence[str]:
        """The dimensions that each record must have, since the partition key enforces them."""
        enforced = (key for key in self.partition_key if key.get("EnforcementInRecord") == "REQUIRED")
        return [str(key["Name"]) for key in enforced if key.get("Type") == "DIMENSION"]

    @property
    def accepts_old_records(self) -> bool:
        """Whether records older than the memory store's retention are accepted."""
        return bool(self.magnetic.get("EnableMagneticStoreWrites", False))

    @property
    def memory_ns(self) -> int:
        """The retention of the memory store in nanoseconds."""
        return self.memory_hours * HOUR_NS

    @property
    def retention_ns(self) -> int:
        """How long a record is kept in either store, in nanoseconds."""
        return max(self.magnetic_days * DAY_NS, self.memory_ns)

    def with_columns(self, columns: tuple[Column, ...]) -> Table:
        """The table with further columns."""
        return replace(self, columns=(*self.columns, *columns))


def database_arn(name: str) -> str:
    """The ARN of a database."""
    return f"arn:aws:timestream:{REGION}:{ACCOUNT}:database/{name}"


def table_arn(table: Table) -> str:
    """The ARN of a table."""
    return f"{database_arn(table.database)}/table/{table.name}"


class WrittenName(NamedTuple):
    """A name as a query writes it. In quotes its case counts; without, only if names differ in case alone."""

    text: str
    quoted: bool

    def among(self, names: Iterable[str]) -> str | None:
        """The name that is meant, None if there is none or if it isn't clear."""
        known = set(names)
        if self.text in known or self.quoted:
            return self.text if self.text in known else None
        alike = [name for name in known if name.lower() == self.text.lower()]
        return alike[0] if len(alike) == 1 else None


@dataclass(slots=True)
class Catalog:
    """The current databases, tables, tags, and scheduled queries by their ARN.

    Only the writer's thread changes it. Other threads may read it at any time without a lock, since it
    replaces immutable values.
    """

    databases: dict[str, Database] = field(default_factory=dict)
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    scheduled: dict[str, ScheduledQuery] = field(default_factory=dict)

    def copy(self) -> Catalog:
        """The catalog as it is now."""
        return Catalog(dict(self.databases), dict(self.tables), dict(self.tags), dict(self.scheduled))

    def database(self, name: str) -> Database:
        """Return a database. Raise `ResourceNotFoundException` if there is none of this name."""
        found = self.databases.get(name)
        if found is None:
            raise ResourceNotFoundException(f"The database {name} does not exist.")
        return found

    def table(self, database: str, name: str) -> Table:
        """Return a table. Raise `ResourceNotFoundException` if there is no such table or database."""
        self.database(database)
        found = self.tables.get((database, name))
        if found is None:
            raise ResourceNotFoundException(f"The table {name} does not exist.")
        return found

    def named_table(self, database: WrittenName, table: WrittenName) -> Table | None:
        """The table that a query names, None if there is none."""
        tables = list(self.tables.values())
        of_database = database.among(each.database for each in tables)
        found = table.among(each.name for each in tables if each.database == of_database)
        return self.tables.get((of_database or "", found or ""))

    def tables_of(self, database: str | None) -> list[Table]:
        """The tables of a database, or of all, sorted by database and name."""
        tables = list(self.tables.items())
        return [table for key, table in sorted(tables, key=_key) if database in (None, key[0])]

    def arns(self) -> set[str]:
        """The ARNs of all databases, tables and scheduled queries."""
        tables = {table_arn(table) for table in list(self.tables.values())}
        return {database_arn(name) for name in list(self.databases)} | tables | set(self.scheduled)


def _key(entry: tuple[tuple[str, str], Table]) -> tuple[str, str]:
    return entry[0]
