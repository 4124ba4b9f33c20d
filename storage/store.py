"""The interface of all storage backends, with the types of its arguments and results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from storage.schema import BusPosition, Record, Stream

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Run:
    """The inputs that determine the data: seed, network, scenario, model version.

    Digests are SHA-256 in hex; `scenario_digest` is empty without a scenario.
    """

    seed: int
    network_digest: str
    scenario_digest: str
    model_version: str

    @property
    def run_id(self) -> str:
        """A short name for the run, equal for equal inputs."""
        return "-".join(
            (
                str(self.seed),
                self.network_digest[:12],
                self.scenario_digest[:12] or "none",
                self.model_version,
            )
        )


@dataclass(frozen=True, slots=True)
class Covered:
    """An interval [start, end) of a stream for which all records of `run` are stored."""

    start: datetime
    end: datetime
    run: Run


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An entry of the journal: its number, from which instant it counts, and its content as a text."""

    number: int
    takes_effect: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """Records in ascending order, and the cursor of the next page (None after the last)."""

    records: Sequence[Record]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Records of many entities: those with one of `values` in each of some columns with ids but trips.

    Without conditions it is all records of a stream.
    """

    conditions: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def text(self) -> str:
        """The conditions as a text, equal for equal ones."""
        return "&".join(f"{column}={','.join(sorted(values))}" for column, values in sorted(self.conditions))


class Reader(Protocol):
    """Reads records. Times are timezone-aware, intervals are [start, end)."""

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """The covered intervals in ascending order. Adjacent intervals of one run are merged."""

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """The newest record of the entity `key` at or before `now`."""

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """The newest position of each bus of a line in [since, now], sorted by `bus_id`."""

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        """The newest record of the entity `key` at or before `time`."""

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
        """A page of at most `limit` records of the entity `key` in [start, end).

        With `by`, the name of another column with ids, the records are those whose value there is `key`, for
        example the visits of a stop. `cursor` is the `next_cursor` of the previous page; without it the first
        page is returned. Raises ValueError for a text that isn't a cursor of this range.
        """

    def newest_of_each(
        self, stream: Stream, key: str, *, by: str, per: str, since: datetime, now: datetime
    ) -> Sequence[Record]:
        """The newest record in [since, now] for each value of `per`, of those whose value of `by` is `key`.

        Both are names of columns with ids. For example the newest visit of each bus (`per`) of a line (`by`).
        Ordered by `per`.
        """

    def tick(self, stream: Stream, *, time: datetime) -> datetime | None:
        """The newest complete tick at or before `time` of a stream with a cadence; None if there is none."""

    def records_at(self, stream: Stream, tick: datetime) -> Sequence[Record]:
        """All records at a tick, ordered by key."""

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
        """A page like that of `range`, of the records of a selection, ordered by (time, key)."""


class Store(Reader, Protocol):
    """Stores the records of streams, and their coverage by runs. Threads may share a store.

    Times are timezone-aware, intervals are [start, end). Every method may raise `StoreError`.
    """

    def write(self, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        """Store all records of `run` in the window `covers`, and add it to the coverage.

        `batch` has the stream's Arrow schema and is ordered by (time, key). It is stored completely or not at
        all. Records in parts of the window that are covered already are ignored, so that writing a window
        twice has no effect. Raises `RunMismatch` if another run covers part of the window, and ValueError if
        a row lies outside of it or the batch has another schema.
        """

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """All records of a stream in [start, end), ordered by (time, key), in tables of at most an hour."""

    def rows(self, stream: Stream) -> int:
        """The number of records of a stream."""

    def prune(self, before: datetime) -> None:
        """Remove the coverage before `before`. `scan` omits its records, and any run may write there again.

        A backend that can delete also deletes these records. With one that can't, `at`, `latest`, `range` and
        `rows` still return them until they are overwritten or their retention ends.
        """

    def journal(self) -> Sequence[JournalEntry]:
        """All entries of the journal, by number."""

    def record(self, entry: JournalEntry, *, changes_from: datetime) -> None:
        """Add an entry to the journal, or replace the one with its number; completely or not at all.

        Records before `changes_from` don't depend on the change. Raises `WrittenAhead` if a record at or
        after it is stored, and ValueError for a text that is too long. `prune` keeps the journal.
        """

    def ping(self) -> None:
        """Raise `StoreUnavailable` unless the store responds."""

    def close(self) -> None:
        """Close the store. Closing it again has no effect."""
