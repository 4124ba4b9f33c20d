"""A store in a schema of a PostgreSQL database: many processes may write and read it.

Records, coverage and newest records of a window are written in one transaction, under a lock for each stream.
An exclusion constraint guards the coverage: two runs can't both cover an instant, even if two processes write
at once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from storage.batch import checked, within
from storage.coverage import Interval, joined, newest_tick, overlapping, uncovered, whole
from storage.cursor import Position, RangeQuery, check_ids, check_limit
from storage.errors import StoreInvalid, without_password
from storage.instants import HOUR_US, from_us, to_us
from storage.journal import refuse_written_ahead
from storage.postgres import rows as postgres_rows
from storage.postgres import sql as postgres_sql
from storage.postgres.connection import Connection, PostgresConnections
from storage.postgres.connection import run as run_sql
from storage.postgres.current_records import CurrentRecords
from storage.postgres.listening import announced_writes as writes_announced
from storage.postgres.place import PostgresPlace
from storage.postgres.request_use import RequestUses
from storage.runs import refuse_overlap
from storage.schema import SCHEMAS, BusPosition, Record, Stream
from storage.store import Covered, JournalEntry, Page, Run, Selection

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT, SCHEMA_VERSION = "bus-simulator", 1
TABLES_LOCK, JOURNAL_LOCK = "tables", "journal"
FIRST_SPAN = timedelta(minutes=10)
"""How much of a range is read first for a page of many entities."""


class PostgresStore:
    """A `Store` in the database of a `postgresql://` URL, whose parameter `schema` names the tables' schema.

    Schema and tables are created if missing. All reading, coverage included, is done at the parameter
    `read_url` if there is one, which may be that of a replica. With a `shard` this process writes that part
    of the records only. See `storage.store.Store`. Raises ValueError for an invalid URL.
    """

    rows_at_once = 1_000_000
    """The most rows of a window in a backfill. A new day in one window is indexed once its rows are there."""

    def __init__(self, url: str, *, shard: str = "") -> None:
        place = PostgresPlace.of(url)
        self._shard = shard
        self._connections = PostgresConnections(place.url, place.schema, without_password(url))
        self._replica: PostgresConnections | None = None
        self._current = CurrentRecords()
        try:
            self._make_tables()
            if place.read_url:
                self._replica = PostgresConnections(
                    place.read_url, place.schema, without_password(place.read_url)
                )
        except BaseException:
            self.close()
            raise

    @property
    def _reading(self) -> PostgresConnections:
        return self._replica or self._connections

    def write(self, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        """See `Store.write`."""
        table = checked(stream, batch, covers)
        with self._connections.transaction() as connection:
            self._lock(connection, stream)
            held = self._covered(self._coverage_rows(connection), stream, self._shard)
            refuse_overlap(held, covers, run)
            gaps = uncovered(held, *covers)
            if not gaps:
                return
            rows = table if gaps == [covers] else within(table, gaps).combine_chunks()
            self._insert(connection, stream, rows, *covers)
            if all(each.run != run for each in held):
                run_sql(connection, postgres_sql.INSERT_RUN, {**asdict(run), "run_id": run.run_id})
            window = {"stream": stream, "shard": self._shard, "start": covers[0], "end": covers[1]}
            run_sql(connection, postgres_sql.COVER, {**window, "run_id": run.run_id})

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """See `Store.coverage`."""
        return tuple(self._covered(self._reading.rows(postgres_sql.COVERAGE), stream))

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """See `Store.latest`."""
        with self._current.reading():
            found = self._records(stream, postgres_sql.newest(stream), (key, now))
            record = found[0] if found else self.at(stream, key, time=now)
        self._current.keep(stream, key, record, now)
        return record

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """See `Store.latest_of_line`."""
        found = self.newest_of_each(
            Stream.BUS_POSITION, line_id, by="line_id", per="bus_id", since=since, now=now
        )
        return [position for position in found if isinstance(position, BusPosition)]

    def remembered(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """The result of `latest` if it is of the current tick and was read before, else None."""
        return self._current.record(stream, key, now)

    def remembered_of_line(self, *_arguments: object, **_options: object) -> None:
        """None: buses without a record at the current tick may be written later."""

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        """See `Store.at`."""
        found = self._records(stream, postgres_sql.at(stream), (key, time))
        return found[0] if found else None

    def range(
        self,
        stream: Stream,
        key: str,
        *,
        start: datetime,
        end: datetime,
        limit: int = 1000,
        cursor: str | None = None,
        by: str | None = None,
    ) -> Page:
        """See `Store.range`."""
        check_limit(limit)
        query = RangeQuery(stream, key, start, end, by)
        sql = postgres_sql.range_by(stream, query.column, query.others)
        parameters = {**_page(query, cursor, start, end, limit), "key": key}
        return query.page(self._records(stream, sql, parameters), limit)

    def newest_of_each(
        self, stream: Stream, key: str, *, by: str, per: str, since: datetime, now: datetime
    ) -> Sequence[Record]:
        """See `Store.newest_of_each`."""
        check_ids(stream, by, per)
        found = self._records(stream, postgres_sql.newest_of_each(stream, by, per), (key, since, now))
        return sorted(found, key=attrgetter(per))

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """See `Store.tick`."""
        with self._current.reading():
            found = newest_tick(self.coverage(stream), time, SCHEMAS[stream].cadence_s or 1)
        self._current.keep_tick(stream, found, time)
        return found

    def remembered_tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """The result of `tick` if it is the current one and was read before, else None."""
        return self._current.tick(stream, time)

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        """See `Store.records_at`."""
        everything = 2**31
        return self.range_of(
            stream, Selection(), start=tick, end=tick + timedelta(microseconds=1), limit=everything
        ).records

    def range_of(
        self,
        stream: Stream,
        selection: Selection,
        *,
        start: datetime,
        end: datetime,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Page:
        """See `Store.range_of`. Reads spans that grow until they have enough records."""
        check_limit(limit)
        query = RangeQuery(stream, selection.text, start, end)
        parameters = _page(query, cursor, start, end, limit)
        parameters |= {f"of_{column}": list(values) for column, values in selection.conditions}
        sql = postgres_sql.range_of(stream, tuple(column for column, _ in selection.conditions))
        reached, span, found = parameters["start"], FIRST_SPAN, list[Record]()
        while reached < end and len(found) <= limit:
            following = min(reached + span, end)
            parameters |= {"start": reached, "end": following, "limit": limit + 1 - len(found)}
            found += self._records(stream, sql, parameters)
            reached, span = following, span * 2
        return query.page(found, limit)

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """See `Store.scan`."""
        reached = to_us(start)
        for stretch in overlapping(self.coverage(stream), start, end):
            reached = max(reached, to_us(stretch.start))
            stop = min(to_us(end), to_us(stretch.end))
            while reached < stop:
                hour_end = min((reached // HOUR_US + 1) * HOUR_US, stop)
                table = self._span(stream, from_us(reached), from_us(hour_end))
                if len(table):
                    yield table
                reached = hour_end

    def rows(self, stream: Stream) -> int:
        """See `Store.rows`."""
        ((count,),) = self._reading.rows(postgres_sql.rows(stream))
        return int(count)

    def prune(self, before: datetime) -> None:
        """See `Store.prune`. The tables of whole days are dropped, which frees their space.

        Raises `StoreUnavailable` while somebody reads for long what would be dropped: waiting for that would
        keep everybody else from reading.
        """
        with self._connections.transaction() as connection:
            run_sql(connection, postgres_sql.WAIT_LITTLE)
            for stream in Stream:
                self._lock(connection, stream)
            for stream in Stream:
                for (part,) in run_sql(connection, postgres_sql.DAYS, [stream]).fetchall():
                    if postgres_sql.day_of(part) + timedelta(days=1) <= before:
                        run_sql(connection, f"DROP TABLE {part}")
                for statement in postgres_sql.delete_before(stream):
                    run_sql(connection, statement, [before])
            for statement in (postgres_sql.DELETE_COVERED_BEFORE, postgres_sql.CUT_COVERED_BEFORE):
                run_sql(connection, statement, {"before": before})
            run_sql(connection, postgres_sql.DELETE_RUNS)

    def journal(self) -> Sequence[JournalEntry]:
        """See `Store.journal`."""
        found = self._reading.rows(postgres_sql.JOURNAL)
        return [JournalEntry(number, time.astimezone(UTC), text) for number, time, text in found]

    def record(self, entry: JournalEntry, *, changes_from: datetime) -> None:
        """See `Store.record`."""
        with self._connections.transaction() as connection:
            for stream in Stream:
                self._lock(connection, stream)
            rows = self._coverage_rows(connection)
            # Records that only one shard wrote count, too.
            refuse_written_ahead(
                entry, changes_from, lambda stream: joined(held for held, _ in _of_stream(rows, stream))
            )
            run_sql(connection, postgres_sql.PUT_ENTRY, (entry.number, entry.takes_effect, entry.text))

    def request_uses(self, *, rate_per_s: float, burst: float) -> RequestUses:
        """What keys have used of their limits at all servers over this database."""
        return RequestUses(self._connections, rate_per_s=rate_per_s, burst=burst)

    @property
    def announces_writes(self) -> bool:
        """Whether what is announced can be read at once: not at a replica, which it reaches later."""
        return self._replica is None

    def announced_writes(self) -> Generator[frozenset[Stream]]:
        """The streams that others have just written: see `storage.postgres.listening`."""
        return writes_announced(self._connections)

    def ping(self) -> None:
        """See `Store.ping`."""
        for each in {self._connections, self._reading}:
            each.rows("SELECT 1")

    def close(self) -> None:
        """See `Store.close`."""
        self._current.forget()
        self._connections.close()
        if self._replica is not None:
            self._replica.close()

    def _make_tables(self) -> None:
        """Create the schema and its tables unless they are there. Refuse tables of another version."""
        if not self._connections.holds_tables():
            with self._connections.transaction() as connection:
                self._lock(connection, TABLES_LOCK)
                ((schema_found,),) = run_sql(
                    connection, postgres_sql.HAS_SCHEMA, [self._connections.schema]
                ).fetchall()
                if not schema_found:
                    run_sql(connection, f'CREATE SCHEMA "{self._connections.schema}"')
                ((found,),) = run_sql(
                    connection, postgres_sql.HAS_META, [self._connections.schema]
                ).fetchall()
                if not found:
                    run_sql(connection, postgres_sql.EXTENSION)
                    for statement in postgres_sql.create_all():
                        run_sql(connection, statement)
                    run_sql(connection, postgres_sql.INSERT_META, (FORMAT, SCHEMA_VERSION))
        meta = self._connections.meta()
        if meta != [(FORMAT, SCHEMA_VERSION)]:
            raise StoreInvalid(
                f"{self._connections.place}: the schema {self._connections.schema!r} holds {meta}, this "
                f"program needs {FORMAT!r} version {SCHEMA_VERSION}: name another by ?schema=NAME, "
                "or upgrade"
            )

    def _insert(
        self, connection: Connection, stream: Stream, rows: pa.Table, start: datetime, end: datetime
    ) -> None:
        """Store rows within [start, end), in tables of their days. A new table gets its indexes at last."""
        days = [*_days(start, end)]
        parts = [postgres_sql.part_name(stream, day) for day, _ in days]
        found = {part for (part,) in run_sql(connection, postgres_sql.FOUND, [parts]).fetchall()}
        for (day, bounds), part in zip(days, parts, strict=True):
            if part not in found:
                run_sql(connection, postgres_sql.create_part(stream, day))
            self._copy(connection, stream, part, rows if len(days) == 1 else within(rows, [bounds]))
            if part not in found:
                run_sql(connection, postgres_sql.attach_part(stream, day))
        if len(rows):
            newest = postgres_rows.newest_columns(stream, rows)
            run_sql(connection, postgres_sql.put_newest(stream), newest)

    def _copy(self, connection: Connection, stream: Stream, part: str, rows: pa.Table) -> None:
        if not len(rows):
            return
        sql = postgres_sql.copy_in(stream, part).encode()
        with connection.cursor() as cursor, cursor.copy(sql) as copy:
            for piece in postgres_rows.binary_of(stream, rows):
                copy.write(piece)

    def _span(self, stream: Stream, start: datetime, end: datetime) -> pa.Table:
        sql = postgres_sql.copy_out(stream).encode()
        with (
            self._reading.one() as connection,
            connection.cursor() as cursor,
            cursor.copy(sql, (start, end)) as copy,
        ):
            text = b"".join(copy)
        return postgres_rows.table_of(stream, text)

    def _records(
        self, stream: Stream, sql: str, parameters: Sequence[object] | Mapping[str, object]
    ) -> list[Record]:
        given = parameters.values() if isinstance(parameters, Mapping) else parameters
        for instant in given:
            if isinstance(instant, datetime):
                to_us(instant)  # refuses a time without a zone, for which PostgreSQL would take the session's
        return [postgres_rows.record(stream, row) for row in self._reading.rows(sql, parameters)]

    def _lock(self, connection: Connection, name: str) -> None:
        """Wait until no other transaction holds the lock of a stream, or of the tables."""
        run_sql(connection, postgres_sql.LOCK, [name])

    def _coverage_rows(self, connection: Connection) -> list[tuple[Any, ...]]:
        return run_sql(connection, postgres_sql.COVERAGE).fetchall()

    def _covered(self, rows: Sequence[tuple[Any, ...]], stream: Stream, shard: str = "") -> list[Covered]:
        """A stream's coverage. With a `shard`, what this shard alone has written counts, too."""
        by_shard: dict[str, list[Covered]] = {}
        for held, of in _of_stream(rows, stream):
            by_shard.setdefault(of, []).append(held)
        return joined([*whole(by_shard), *by_shard.get(shard, ())])


def _days(start: datetime, end: datetime) -> Iterator[tuple[date, Interval]]:
    """The UTC days that [start, end) has a part of, and the bounds of each."""
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < end:
        following = midnight + timedelta(days=1)
        yield midnight.date(), (midnight, following)
        midnight = following


def _of_stream(rows: Sequence[tuple[Any, ...]], stream: Stream) -> Iterator[tuple[Covered, str]]:
    """The coverage of a stream in the rows of `postgres_sql.COVERAGE`, each with its shard."""
    for of, shard, start, end, seed, *digests in rows:
        if of == stream:
            run = Run(int(seed), *digests)
            yield Covered(start.astimezone(UTC), end.astimezone(UTC), run), shard


def _page(
    query: RangeQuery, cursor: str | None, start: datetime, end: datetime, limit: int
) -> dict[str, Any]:
    """The parameters of a page's query. One record more than the limit tells whether another page follows."""
    names = SCHEMAS[query.stream].key
    after = Position(to_us(start) - 1, ("",) * len(names)) if cursor is None else query.position(cursor)
    parameters: dict[str, Any] = {
        f"after_{name}": value for name, value in zip(names, after.key, strict=True)
    }
    begins = max(start, from_us(after.time_us))
    return {**parameters, "after": from_us(after.time_us), "start": begins, "end": end, "limit": limit + 1}
