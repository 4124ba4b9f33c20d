"""The statements of the DuckDB backend, derived from `storage.schema`.

All identifiers come from the schema, all values are parameters. Times are read and written as µs since the
epoch: to return a TIMESTAMPTZ, DuckDB's Python module would need pytz, which isn't installed.
"""

# ruff: noqa: S608 - every identifier below is a constant of storage.schema

from __future__ import annotations

from dataclasses import dataclass

from storage.schema import SCHEMAS, Column, Kind, Stream

DUCKDB_TYPES: dict[Kind, str] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "time": "TIMESTAMPTZ",
}

CREATE_BOOKS = (
    "CREATE TABLE store_meta (format VARCHAR NOT NULL, schema_version BIGINT NOT NULL)",
    "CREATE TABLE runs (run_id VARCHAR NOT NULL, seed HUGEINT NOT NULL, network_digest VARCHAR NOT NULL, "
    "scenario_digest VARCHAR NOT NULL, model_version VARCHAR NOT NULL)",
    "CREATE TABLE feeder_coverage (stream VARCHAR NOT NULL, start_time TIMESTAMPTZ NOT NULL, "
    "end_time TIMESTAMPTZ NOT NULL, run_id VARCHAR NOT NULL)",
)
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
POSITIONS_OF_LINE = (
    "SELECT {fields} FROM bus_position WHERE line_id = $line "
    "AND time >= make_timestamptz($since) AND time <= make_timestamptz($now) "
    "QUALIFY row_number() OVER (PARTITION BY bus_id ORDER BY time DESC) = 1 ORDER BY bus_id"
)


@dataclass(frozen=True, slots=True)
class StreamSql:
    """The statements of one stream.

    They return times as µs since the epoch, except for `scan`, whose result is an Arrow table.
    """

    create: str
    insert: str
    at: str
    at_since: str
    of_line: str
    range: str
    scan: str
    rows: str
    prune: str


def field(column: Column) -> str:
    """The SQL that selects a column for a record."""
    return f'epoch_us("{column.name}")' if column.kind == "time" else f'"{column.name}"'


def _stream_sql(stream: Stream) -> StreamSql:
    schema = SCHEMAS[stream]
    fields = ", ".join(field(column) for column in schema.columns)
    names = ", ".join(f'"{name}"' for name in schema.names)
    keys = ", ".join(schema.key)
    after = ", ".join(f"$after_{name}" for name in schema.key)
    newest_first = ", ".join(f"{name} DESC" for name in ("time", *schema.key))
    at = f"SELECT {fields} FROM {stream} WHERE {schema.entity} = $key AND time <= make_timestamptz($time)"
    span = "time >= make_timestamptz($start) AND time < make_timestamptz($end)"
    return StreamSql(
        create=f"CREATE TABLE {stream} ({', '.join(_definition(column) for column in schema.columns)})",
        insert=f"INSERT INTO {stream} SELECT {names} FROM batch",
        at=f"{at} ORDER BY {newest_first} LIMIT 1",
        at_since=f"{at} AND time >= make_timestamptz($since) ORDER BY {newest_first} LIMIT 1",
        of_line=POSITIONS_OF_LINE.format(fields=fields),
        range=f"SELECT {fields} FROM {stream} WHERE {schema.entity} = $key AND {span} "
        f"AND (time, {keys}) > (make_timestamptz($after), {after}) ORDER BY time, {keys} LIMIT $limit",
        scan=f"SELECT {names} FROM {stream} WHERE {span} ORDER BY time, {keys}",
        rows=f"SELECT count(*) FROM {stream}",
        prune=f"DELETE FROM {stream} WHERE time < make_timestamptz($before)",
    )


def _definition(column: Column) -> str:
    return f'"{column.name}" {DUCKDB_TYPES[column.kind]}{"" if column.nullable else " NOT NULL"}'


SQL = {stream: _stream_sql(stream) for stream in Stream}
CREATE_ALL = (*CREATE_BOOKS, *(sql.create for sql in SQL.values()))
EXPECTED_COLUMNS = {
    (str(stream), column.name, DUCKDB_TYPES[column.kind].replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"))
    for stream, schema in SCHEMAS.items()
    for column in schema.columns
}
