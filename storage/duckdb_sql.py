"""The statements of the DuckDB backend, derived from `storage.schema`.

Each stream is a table `<stream>_coded`, whose ids are codes, and a view `<stream>` with the columns of the
schema. Dictionary tables have the text of each code.

All identifiers come from the schema, all values are parameters. Times are read and written as µs since the
epoch: to return a TIMESTAMPTZ, DuckDB's Python module would need pytz, which isn't installed.
"""

# ruff: noqa: S608 - every identifier below is a constant of storage.schema

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

from storage.duckdb_code_sql import CODES, DICTIONARY_OF, Dictionary
from storage.schema import SCHEMAS, Column, Kind, Stream, StreamSchema

DUCKDB_TYPES: dict[Kind, str] = {
    "id": "UINTEGER",
    "text": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMPTZ",
}
VIEW_TYPES = DUCKDB_TYPES | {"id": "VARCHAR"}
"""The types of the views' columns."""

CREATE_BOOKS = (
    "CREATE TABLE store_meta (format VARCHAR NOT NULL, schema_version BIGINT NOT NULL)",
    "CREATE TABLE runs (run_id VARCHAR NOT NULL, seed HUGEINT NOT NULL, network_digest VARCHAR NOT NULL, "
    "scenario_digest VARCHAR NOT NULL, model_version VARCHAR NOT NULL)",
    "CREATE TABLE feeder_coverage (stream VARCHAR NOT NULL, start_time TIMESTAMPTZ NOT NULL, "
    "end_time TIMESTAMPTZ NOT NULL, run_id VARCHAR NOT NULL)",
)
CREATE_JOURNAL = (
    "CREATE TABLE IF NOT EXISTS journal (number BIGINT NOT NULL, takes_effect TIMESTAMPTZ NOT NULL, "
    "entry VARCHAR NOT NULL)"
)
SELECT_JOURNAL = "SELECT number, epoch_us(takes_effect), entry FROM journal ORDER BY number"
DELETE_ENTRY = "DELETE FROM journal WHERE number = $number"
INSERT_ENTRY = "INSERT INTO journal VALUES ($number, make_timestamptz($takes_effect), $entry)"
INSERT_META = "INSERT INTO store_meta VALUES ($format, $version)"
SELECT_META = "SELECT format, schema_version FROM store_meta"
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_catalog = current_database()"
COLUMNS = (
    "SELECT table_name, column_name, data_type FROM information_schema.columns "
    "WHERE table_catalog = current_database() ORDER BY table_name, ordinal_position"
)
SELECT_COVERAGE = (
    "SELECT stream, epoch_us(start_time), epoch_us(end_time), seed, network_digest, scenario_digest, "
    "model_version FROM feeder_coverage JOIN runs USING (run_id)"
)
INSERT_RUN = (
    "INSERT INTO runs SELECT $run_id, $seed, $network_digest, $scenario_digest, $model_version "
    "WHERE NOT EXISTS (FROM runs WHERE run_id = $run_id)"
)
DELETE_RUNS = "DELETE FROM runs WHERE run_id NOT IN (SELECT run_id FROM feeder_coverage)"
DELETE_COVERED = (
    "DELETE FROM feeder_coverage WHERE stream = $stream "
    "AND start_time >= make_timestamptz($start) AND end_time <= make_timestamptz($end)"
)
INSERT_COVERED = (
    "INSERT INTO feeder_coverage VALUES ($stream, make_timestamptz($start), make_timestamptz($end), $run_id)"
)
DELETE_COVERED_BEFORE = "DELETE FROM feeder_coverage WHERE end_time <= make_timestamptz($before)"
CUT_COVERED_BEFORE = (
    "UPDATE feeder_coverage SET start_time = make_timestamptz($before) "
    "WHERE start_time < make_timestamptz($before)"
)
SPAN = "time >= make_timestamptz($start) AND time < make_timestamptz($end)"
NEWEST_OF_LINE = (
    "line_id = $key AND time >= make_timestamptz($since) AND time <= make_timestamptz($now) "
    "QUALIFY row_number() OVER (PARTITION BY bus_id ORDER BY time DESC) = 1"
)


@dataclass(frozen=True, slots=True)
class StreamSql:
    """The statements of one stream.

    `at`, `at_since` and `of_line` return the columns of records, times as µs since the epoch, ids as codes,
    as `range_by` and `newest_of_each` do. `$key` is the code of an id. `at` returns all records of the newest
    time, since which of them has the greatest key depends on texts; `at_since` all of a short span, which
    are read sooner than ranked.
    """

    create: str
    create_view: str
    insert: str
    at: str
    at_since: str
    of_line: str
    scan: str
    rows: str
    prune: str


def _stream_sql(stream: Stream) -> StreamSql:
    schema, coded = SCHEMAS[stream], f"{stream}_coded"
    names = ", ".join(f'"{name}"' for name in schema.names)
    of_entity = f"{schema.entity} = $key AND time"
    at = f"{of_entity} <= make_timestamptz($time)"
    newest = f"time = (SELECT max(time) FROM {coded} WHERE {at})"
    return StreamSql(
        create=f"CREATE TABLE {coded} ({', '.join(_definition(column) for column in schema.columns)})",
        create_view=f"CREATE VIEW {stream} AS {_view(schema)}",
        insert=f"INSERT INTO {coded} SELECT {names} FROM batch",
        at=_records(schema, f"{schema.entity} = $key AND {newest}"),
        at_since=_records(schema, f"{at} AND time >= make_timestamptz($since)"),
        of_line=_records(schema, NEWEST_OF_LINE),
        scan=f"SELECT {names} FROM {coded} WHERE {SPAN}",
        rows=f"SELECT count(*) FROM {coded}",
        prune=f"DELETE FROM {coded} WHERE time < make_timestamptz($before)",
    )


def _definition(column: Column) -> str:
    return f'"{column.name}" {DUCKDB_TYPES[column.kind]}{"" if column.nullable else " NOT NULL"}'


def _view(schema: StreamSchema) -> str:
    """The query of a stream's view: its table with the texts of the codes."""
    cells = (
        f'"{c.name}_text".text AS "{c.name}"' if c.kind == "id" else f'coded."{c.name}"'
        for c in schema.columns
    )
    return f"SELECT {', '.join(cells)} FROM {schema.stream}_coded AS coded {_joins(schema.columns)}"


def _records(schema: StreamSchema, condition: str, ordered_by: Collection[str] = ()) -> str:
    """The query of the rows that satisfy a condition on the coded table, with ids as codes.

    The texts of the columns `ordered_by` are joined.
    """
    # To join the texts of all ids takes DuckDB longer than to find a record: `duckdb_rows` looks them up.
    cells = (_cell(column) for column in schema.columns)
    joins = _joins(column for column in schema.columns if column.name in ordered_by)
    return f"SELECT {', '.join(cells)} FROM (FROM {schema.stream}_coded WHERE {condition}) AS coded {joins}"


def _cell(column: Column) -> str:
    return f'epoch_us(coded."{column.name}")' if column.kind == "time" else f'coded."{column.name}"'


def _joins(columns: Iterable[Column]) -> str:
    """The joins that add the text of each code, as the table `<column>_text`."""
    return " ".join(
        f'{"LEFT JOIN" if column.nullable else "JOIN"} {DICTIONARY_OF[column.name]} AS "{column.name}_text" '
        f'ON "{column.name}_text".code = coded."{column.name}"'
        for column in columns
        if column.kind == "id"
    )


@cache
def range_by(stream: Stream, by: str, others: tuple[str, ...]) -> str:
    """The query of a page of the rows in [start, end) whose `by` is `$key`, ordered by time and `others`."""
    order = ", ".join(("coded.time", *(f"{name}_text.text" for name in others)))
    after = ", ".join(("make_timestamptz($after)", *(f"$after_{name}" for name in others)))
    found = _records(SCHEMAS[stream], f'"{by}" = $key AND {SPAN}', others)
    return f"{found} WHERE ({order}) > ({after}) ORDER BY {order} LIMIT $limit"


@cache
def newest_of_each(stream: Stream, by: str, per: str) -> str:
    """The query of the newest rows in [since, now] for each value of `per`, of those whose `by` is `$key`.

    Of several rows at the newest time it returns all.
    """
    newest = (
        f'"{by}" = $key AND time >= make_timestamptz($since) AND time <= make_timestamptz($now) '
        f'QUALIFY rank() OVER (PARTITION BY "{per}" ORDER BY time DESC) = 1'
    )
    return _records(SCHEMAS[stream], newest)


SQL = {stream: _stream_sql(stream) for stream in Stream}
CREATE_ALL = (
    *CREATE_BOOKS,
    CREATE_JOURNAL,
    *(sql.create for sql in CODES.values()),
    *(sql.create for sql in SQL.values()),
    *(sql.create_view for sql in SQL.values()),
)
EXPECTED_COLUMNS = {
    (table, column.name, types[column.kind].replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"))
    for stream, schema in SCHEMAS.items()
    for column in schema.columns
    for table, types in ((str(stream), VIEW_TYPES), (f"{stream}_coded", DUCKDB_TYPES))
} | {
    (str(dictionary), name, type_)
    for dictionary in Dictionary
    for name, type_ in (("code", "UINTEGER"), ("text", "VARCHAR"))
}
