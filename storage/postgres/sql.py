"""The statements of the PostgreSQL backend, derived from `storage.schema`.

Each stream is a table divided by UTC day, and a table `<stream>_newest` with each entity's newest record.
Ids are texts that compare by code point, as everywhere else.

All identifiers come from the schema, all values are parameters.
"""

# ruff: noqa: S608 - every identifier below is a constant of storage.schema

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache

from storage.schema import SCHEMAS, Column, Kind, Stream, StreamSchema

POSTGRES_TYPES: dict[Kind, str] = {
    "id": 'text COLLATE "C"',
    "text": "text",
    "int": "bigint",
    "float": "double precision",
    "bool": "boolean",
    "time": "timestamptz",
}
SEARCHED_BY: dict[Stream, tuple[tuple[str, ...], ...]] = {
    Stream.PEOPLE_COUNT: (("stop_id", "time"),),
    Stream.SENSOR_DATA: (("entity_id", "time"),),
    Stream.BUS_POSITION: (("bus_id", "time"), ("line_id", "time")),
    Stream.STOP_VISIT: (("bus_id", "time"), ("stop_id", "time"), ("line_id", "time"), ("trip_id",)),
}
"""The indexes of each stream. Records are stored in the order of time, for which a BRIN index is enough."""

CREATE_BOOKS = (
    "CREATE TABLE store_meta (format text NOT NULL, schema_version bigint NOT NULL)",
    "CREATE TABLE runs (run_id text PRIMARY KEY, seed numeric NOT NULL, network_digest text NOT NULL, "
    "scenario_digest text NOT NULL, model_version text NOT NULL)",
    # Two runs can't cover the same instant of a stream, even if two processes write at once.
    "CREATE TABLE feeder_coverage (stream text NOT NULL, shard text NOT NULL, "
    "run_id text NOT NULL REFERENCES runs, during tstzrange NOT NULL, "
    "EXCLUDE USING gist (stream WITH =, run_id WITH <>, during WITH &&))",
    "CREATE TABLE journal "
    "(number bigint PRIMARY KEY, takes_effect timestamptz NOT NULL, entry text NOT NULL)",
)
EXTENSION = "CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public"
"""The operators of the exclusion constraint. It comes with PostgreSQL, Aurora and RDS."""
META = "SELECT format, schema_version FROM store_meta"
INSERT_META = "INSERT INTO store_meta VALUES (%s, %s)"
HAS_SCHEMA = "SELECT to_regnamespace(quote_ident(%s)) IS NOT NULL"
"""Asked before a schema is created: IF NOT EXISTS takes the right to create one although there is one."""
HAS_META = "SELECT to_regclass(quote_ident(%s) || '.store_meta') IS NOT NULL"
"""Asked of one schema: where it has no such table, that of a store in `public` would be found, too."""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || %s, 0))"
"""Waits until no other transaction of this schema holds the lock of this name."""
WAIT_LITTLE = "SET LOCAL lock_timeout = '5s'"
"""Has the statements of a transaction fail that wait longer for a lock."""

COVERAGE = (
    "SELECT stream, shard, lower(during), upper(during), seed::text, network_digest, scenario_digest, "
    "model_version FROM feeder_coverage JOIN runs USING (run_id)"
)
INSERT_RUN = (
    "INSERT INTO runs VALUES (%(run_id)s, %(seed)s, %(network_digest)s, %(scenario_digest)s, "
    "%(model_version)s) ON CONFLICT DO NOTHING"
)
DELETE_RUNS = "DELETE FROM runs WHERE run_id NOT IN (SELECT run_id FROM feeder_coverage)"
# Ranges that are adjacent to the new one, or overlap it, become one with it.
COVER = """WITH joined AS (
  DELETE FROM feeder_coverage WHERE stream = %(stream)s AND shard = %(shard)s AND run_id = %(run_id)s
    AND (during && tstzrange(%(start)s, %(end)s) OR during -|- tstzrange(%(start)s, %(end)s))
  RETURNING during)
INSERT INTO feeder_coverage SELECT %(stream)s, %(shard)s, %(run_id)s,
  tstzrange(least(%(start)s, min(lower(during))), greatest(%(end)s, max(upper(during)))) FROM joined
RETURNING pg_notify(current_schema(), %(stream)s)"""
"""Adds to the coverage, and notifies those who listen to the schema once the transaction commits."""
DELETE_COVERED_BEFORE = "DELETE FROM feeder_coverage WHERE upper(during) <= %(before)s"
CUT_COVERED_BEFORE = """UPDATE feeder_coverage SET during = tstzrange(%(before)s, upper(during))
  WHERE lower(during) < %(before)s"""
JOURNAL = "SELECT number, takes_effect, entry FROM journal ORDER BY number"
PUT_ENTRY = (
    "INSERT INTO journal VALUES (%s, %s, %s) ON CONFLICT (number) DO UPDATE "
    "SET takes_effect = excluded.takes_effect, entry = excluded.entry"
)
DAYS = (
    "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = to_regclass(%s)"
)
"""The names of the parts of a table."""
FOUND = (
    "SELECT name FROM unnest(%s::text[]) AS name "
    "WHERE to_regclass(quote_ident(current_schema()) || '.' || name) IS NOT NULL"
)
"""Which of some tables the schema has."""


def create_all() -> Iterator[str]:
    """The statements that create the tables of a store."""
    yield from CREATE_BOOKS
    for stream, schema in SCHEMAS.items():
        columns = ", ".join(_definition(column) for column in schema.columns)
        yield f"CREATE TABLE {stream} ({columns}) PARTITION BY RANGE (time)"
        yield f"CREATE INDEX ON {stream} USING brin (time)"
        for index in SEARCHED_BY[stream]:
            yield f"CREATE INDEX ON {stream} ({', '.join(index)})"
        yield f"CREATE TABLE {stream}_newest ({columns}, PRIMARY KEY ({schema.entity}))"


def _definition(column: Column) -> str:
    return f'"{column.name}" {POSTGRES_TYPES[column.kind]}{"" if column.nullable else " NOT NULL"}'


def part_name(stream: Stream, day: date) -> str:
    """The name of the table with a stream's records of a UTC day."""
    return f"{stream}_{day:%Y%m%d}"


def day_of(part: str) -> datetime:
    """The beginning of the day whose records a table has."""
    return datetime.strptime(part[-8:], "%Y%m%d").replace(tzinfo=UTC)


def create_part(stream: Stream, day: date) -> str:
    """The statement that creates the table of a day, without indexes. No reader sees it yet."""
    return f"CREATE TABLE {part_name(stream, day)} (LIKE {stream})"


def attach_part(stream: Stream, day: date) -> str:
    """The statement that adds a day's table, for which readers needn't wait, and indexes its rows.

    To index rows that are there takes a third of the time that indexing each new one takes.
    """
    bounds = f"FROM ('{day}T00:00Z') TO ('{day + timedelta(days=1)}T00:00Z')"
    return f"ALTER TABLE {stream} ATTACH PARTITION {part_name(stream, day)} FOR VALUES {bounds}"


def names(schema: StreamSchema) -> str:
    """The columns of a stream in table order."""
    return ", ".join(f'"{name}"' for name in schema.names)


def copy_in(stream: Stream, table: str) -> str:
    """The statement that stores rows of a stream, sent in COPY's binary format, in one of its tables."""
    return f"COPY {table} ({names(SCHEMAS[stream])}) FROM STDIN (FORMAT binary)"


@cache
def copy_out(stream: Stream) -> str:
    """The statement that returns a span's rows as CSV in the store's order, times in ms since the epoch."""
    schema = SCHEMAS[stream]
    cells = ", ".join(
        f'(extract(epoch FROM "{c.name}") * 1000)::bigint' if c.kind == "time" else f'"{c.name}"'
        for c in schema.columns
    )
    order = _list(("time", *schema.key))
    rows = f"SELECT {cells} FROM {stream} WHERE time >= %s AND time < %s ORDER BY {order}"
    return f"COPY ({rows}) TO STDOUT (FORMAT csv)"


@cache
def put_newest(stream: Stream) -> str:
    """The statement that makes rows the newest of their entities, unless newer ones are there."""
    schema = SCHEMAS[stream]
    arrays = ", ".join(f"%s::{POSTGRES_TYPES[c.kind].partition(' COLLATE')[0]}[]" for c in schema.columns)
    order = ("time", *(name for name in schema.key if name != schema.entity))
    held, new = (_list(order, f"{table}.") for table in ("held", "excluded"))
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in schema.names if name != schema.entity)
    return (
        f"INSERT INTO {stream}_newest AS held SELECT * FROM unnest({arrays}) "
        f"ON CONFLICT ({schema.entity}) DO UPDATE SET {changes} WHERE ({new}) > ({held})"
    )


@cache
def newest(stream: Stream) -> str:
    """The query of an entity's newest record, if it is at or before an instant."""
    schema = SCHEMAS[stream]
    return f"SELECT {names(schema)} FROM {stream}_newest WHERE {schema.entity} = %s AND time <= %s"


@cache
def at(stream: Stream) -> str:
    """The query of an entity's newest record at or before an instant."""
    schema = SCHEMAS[stream]
    order = _list(("time", *schema.key), suffix=" DESC")
    condition = f"{schema.entity} = %s AND time <= %s"
    return f"SELECT {names(schema)} FROM {stream} WHERE {condition} ORDER BY {order} LIMIT 1"


@cache
def newest_of_each(stream: Stream, by: str, per: str) -> str:
    """The query of the newest record in [since, now] for each value of `per`, of those with one of `by`."""
    schema = SCHEMAS[stream]
    order = _list(("time", *schema.key), suffix=" DESC")
    condition = f'"{by}" = %s AND time >= %s AND time <= %s'
    rows = f'SELECT DISTINCT ON ("{per}") {names(schema)} FROM {stream} WHERE {condition}'
    return f'{rows} ORDER BY "{per}", {order}'


@cache
def range_by(stream: Stream, by: str, others: Sequence[str]) -> str:
    """The query of a page: rows in [start, end) with a value of `by`, after a time and values of `others`."""
    order = _list(("time", *others))
    after = ", ".join(("%(after)s", *(f"%(after_{name})s" for name in others)))
    condition = f'"{by}" = %(key)s AND time >= %(start)s AND time < %(end)s AND ({order}) > ({after})'
    return f"SELECT {names(SCHEMAS[stream])} FROM {stream} WHERE {condition} ORDER BY {order} LIMIT %(limit)s"


@cache
def range_of(stream: Stream, columns: tuple[str, ...]) -> str:
    """The query of a page: rows in [start, end) with some values in `columns`, after a time and key."""
    schema = SCHEMAS[stream]
    order = _list(("time", *schema.key))
    after = ", ".join(("%(after)s", *(f"%(after_{name})s" for name in schema.key)))
    selected = "".join(f' AND "{column}" = ANY(%(of_{column})s)' for column in columns)
    condition = f"time >= %(start)s AND time < %(end)s AND ({order}) > ({after}){selected}"
    return f"SELECT {names(schema)} FROM {stream} WHERE {condition} ORDER BY {order} LIMIT %(limit)s"


def rows(stream: Stream) -> str:
    """The query of the number of a stream's records."""
    return f"SELECT count(*) FROM {stream}"


def delete_before(stream: Stream) -> Iterator[str]:
    """The statements that delete records before an instant, those of whole days aside."""
    yield f"DELETE FROM {stream} WHERE time < %s"
    yield f"DELETE FROM {stream}_newest WHERE time < %s"


def _list(columns: Iterable[str], prefix: str = "", suffix: str = "") -> str:
    return ", ".join(f'{prefix}"{name}"{suffix}' for name in columns)
