"""The queries of the Timestream backend, derived from `storage.schema`, with the quoting of values.

Timestream's `Query` has no parameters, so that values are part of the text. Only `text` and `instant` write
them. Times are whole milliseconds since the epoch, as in the tables. A table has only the columns that were
ever written to it, so that queries select `*`, and refer only to columns that every record has.
"""

# ruff: noqa: S608 - everything below is quoted here

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from storage.cursor import Position
from storage.instants import to_us
from storage.schema import SCHEMAS, Stream
from storage.store import Selection

MEASURE_NAME = "metrics"
NOTICE_NAME = "backfill"
JOURNAL_NAME = "journal"
PROGRESS = "feeder_progress"
PROGRESS_COLUMNS = (
    "stream",
    "run_id",
    "generation",
    "start_time",
    "end_time",
    "seed",
    "network_digest",
    "scenario_digest",
    "model_version",
    "shard",
)
JOURNAL_COLUMNS = ("time", "number", "entry")
PING = "SELECT 1"

FIRST_MS = 0
LAST_MS = to_us(datetime(2200, 1, 1, tzinfo=UTC)) // 1000
"""An instant before Timestream's greatest, in 2262. Later times can't be used in comparisons."""


def identifier(name: str) -> str:
    """A quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """A quoted text literal."""
    return "'" + value.replace("'", "''") + "'"


def instant(ms: int) -> str:
    """The SQL of a timestamp from milliseconds since the epoch, clamped to Timestream's range."""
    return f"from_milliseconds({min(max(ms, FIRST_MS), LAST_MS)})"


def at_or_before_ms(time: datetime) -> int:
    """The last whole millisecond at or before an instant, which is equivalent in `time <=`."""
    return to_us(time) // 1000


def at_or_after_ms(time: datetime) -> int:
    """The first whole millisecond at or after an instant, which is equivalent in `time >=` and `time <`."""
    return -(-to_us(time) // 1000)


class Queries:
    """The queries over one database."""

    def __init__(self, database: str) -> None:
        self._database = database

    def newest(self, stream: Stream, key: str, *, start_ms: int, end_ms: int) -> str:
        """The newest record of an entity in [start, end]."""
        schema = SCHEMAS[stream]
        order = ", ".join(f"{identifier(name)} DESC" for name in ("time", *schema.key))
        return (
            f"SELECT * FROM {self._table(stream)} "
            f"WHERE {identifier(schema.entity)} = {text(key)} "
            f"AND time >= {instant(start_ms)} AND time <= {instant(end_ms)} ORDER BY {order} LIMIT 1"
        )

    def of_line(self, line_id: str, *, start_ms: int, end_ms: int) -> str:
        """The newest position of each bus of a line in [start, end], by `bus_id`."""
        ranked = (
            "SELECT *, row_number() OVER (PARTITION BY bus_id ORDER BY time DESC) AS place "
            f"FROM {self._table(Stream.BUS_POSITION)} WHERE line_id = {text(line_id)} "
            f"AND time >= {instant(start_ms)} AND time <= {instant(end_ms)}"
        )
        return f"SELECT * FROM ({ranked}) AS ranked WHERE place = 1 ORDER BY bus_id"

    def newest_of_each(
        self, stream: Stream, key: str, *, by: str, per: str, start_ms: int, end_ms: int
    ) -> str:
        """The newest record in [start, end] for each value of `per`, of those whose `by` is `key`."""
        newest = ", ".join(f"{identifier(name)} DESC" for name in ("time", *SCHEMAS[stream].key))
        ranked = (
            f"SELECT *, row_number() OVER (PARTITION BY {identifier(per)} ORDER BY {newest}) AS place "
            f"FROM {self._table(stream)} WHERE {identifier(by)} = {text(key)} "
            f"AND time >= {instant(start_ms)} AND time <= {instant(end_ms)}"
        )
        return f"SELECT * FROM ({ranked}) AS ranked WHERE place = 1 ORDER BY {identifier(per)}"

    def page(
        self,
        stream: Stream,
        key: str,
        *,
        by: str,
        start_ms: int,
        end_ms: int,
        after: Position | None,
        limit: int,
    ) -> str:
        """The first `limit` records of [start, end) whose `by` is `key`, or of those after a record."""
        of_key = Selection(((by, (key,)),))
        return self.page_of(stream, of_key, start_ms=start_ms, end_ms=end_ms, after=after, limit=limit)

    def page_of(
        self,
        stream: Stream,
        selection: Selection,
        *,
        start_ms: int,
        end_ms: int,
        after: Position | None,
        limit: int,
    ) -> str:
        """The first `limit` records of a selection in [start, end), or of those after a record."""
        key = SCHEMAS[stream].key
        further = "" if after is None else f" AND ({_after(key, after)})"
        order = ", ".join(identifier(name) for name in ("time", *key))
        conditions = "".join(f"{_one_of(*condition)} AND " for condition in selection.conditions)
        return (
            f"SELECT * FROM {self._table(stream)} "
            f"WHERE {conditions}time >= {instant(start_ms)} AND time < {instant(end_ms)}{further} "
            f"ORDER BY {order} LIMIT {limit:d}"
        )

    def scan(self, stream: Stream, *, start_ms: int, end_ms: int) -> str:
        """All records in [start, end), unordered. The reader sorts: Timestream would sort in memory, too."""
        return (
            f"SELECT * FROM {self._table(stream)} "
            f"WHERE time >= {instant(start_ms)} AND time < {instant(end_ms)}"
        )

    def rows(self, stream: Stream) -> str:
        """The number of records."""
        return f"SELECT count(*) FROM {self._table(stream)}"

    def hours(self, stream: Stream, *, start_ms: int, end_ms: int) -> str:
        """The UTC hours of [start, end) with records: hour, number of records, oldest and newest time."""
        return (
            "SELECT bin(time, 1h) AS hour, count(*) AS records, min(time) AS oldest, max(time) AS newest "
            f"FROM {self._table(stream)} "
            f"WHERE time >= {instant(start_ms)} AND time < {instant(end_ms)} GROUP BY bin(time, 1h)"
        )

    def progress(self) -> str:
        """All rows of `feeder_progress` with the columns `PROGRESS_COLUMNS`."""
        return f"SELECT * FROM {self._table(PROGRESS)} WHERE measure_name = {text(MEASURE_NAME)}"

    def notices(self, *, start_ms: int, end_ms: int) -> str:
        """The intervals in the backfill notices of [start, end]."""
        return (
            f"SELECT start_time, end_time FROM {self._table(PROGRESS)} "
            f"WHERE measure_name = {text(NOTICE_NAME)} "
            f"AND time >= {instant(start_ms)} AND time <= {instant(end_ms)}"
        )

    def journal(self) -> str:
        """All rows of the journal, with the columns `JOURNAL_COLUMNS`."""
        return f"SELECT * FROM {self._table(PROGRESS)} WHERE measure_name = {text(JOURNAL_NAME)}"

    def _table(self, name: str) -> str:
        return f"{identifier(self._database)}.{identifier(name)}"


def _one_of(column: str, values: Sequence[str]) -> str:
    """The condition that a column has one of some values."""
    if len(values) == 1:
        return f"{identifier(column)} = {text(values[0])}"
    return f"{identifier(column)} IN ({', '.join(map(text, values))})"


def _after(key: Sequence[str], after: Position) -> str:
    """The condition that (time, *key) is greater than a record's; Timestream can't compare rows."""
    columns = [identifier("time"), *(identifier(name) for name in key)]
    values = [instant(after.time_us // 1000), *(text(value) for value in after.key)]
    alternatives = []
    for place, (column, value) in enumerate(zip(columns, values, strict=True)):
        same = [f"{columns[i]} = {values[i]}" for i in range(place)]
        alternatives.append(" AND ".join([*same, f"{column} > {value}"]))
    return " OR ".join(f"({alternative})" for alternative in alternatives)
