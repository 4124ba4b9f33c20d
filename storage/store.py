"""The interface of all storage backends, and the values that it takes and returns."""

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
    """A stretch [start, end) of a stream in which every record of `run` is present, once."""

    start: datetime
    end: datetime
    run: Run


@dataclass(frozen=True, slots=True)
class Page:
    """Records in ascending order, and the cursor of what follows (None at the end)."""

    records: Sequence[Record]
    next_cursor: str | None


class Reader(Protocol):
    """Answers questions about single records. Times are timezone-aware; intervals are [start, end)."""

    def latest(self, stream: Stream, key: str, *, now: datetime) -> Record | None:
        """The newest record of entity `key` with time ≤ `now`."""

    def latest_of_line(self, line_id: str, *, since: datetime, now: datetime) -> Sequence[BusPosition]:
        """The newest position of each bus of a line in [since, now], by `bus_id`."""

    def at(self, stream: Stream, key: str, *, time: datetime) -> Record | None:
        """The newest record of entity `key` at or before `time`."""

    def range(
        self,
        stream: Stream,
        key: str,
        *,
        start: datetime,
        end: datetime,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Page:
        """Records of entity `key` in [start, end), `limit` a page.

        `cursor` is the `next_cursor` of a page of the same range, as `storage.cursor.RangeQuery` makes it;
        ValueError for any other text.
        """


class Store(Reader, Protocol):
    """Keeps streams, their runs and their coverage. Safe to call from several threads.

    Times are timezone-aware; intervals are [start, end); every method may raise `StoreError`.
    """

    def write(self, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run) -> None:
        """Add `batch` (the stream's Arrow schema, ordered by time and key) and mark `covers` complete.

        All or nothing. Parts of `covers` that are complete already are left as they are, so that writing a
        window again changes nothing. Raises `RunMismatch` if another run covers part of the window, and
        ValueError if a row lies outside `covers` or the batch has another schema.
        """

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """The complete stretches in ascending order, those that touch and share a run joined."""

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """All records of a stream in [start, end), ordered by (time, key); a table holds an hour at most."""

    def rows(self, stream: Stream) -> int:
        """The number of records of a stream."""

    def prune(self, before: datetime) -> None:
        """Forget the coverage before `before`: `scan` shows nothing of it, and any run may write there again.

        A backend that can delete also deletes the older records. With one that can't, `at`, `latest`, `range`
        and `rows` still see them until they are overwritten or their retention ends.
        """

    def ping(self) -> None:
        """Return if the store answers, else raise `StoreUnavailable`."""

    def close(self) -> None:
        """Close the store. Closing it again has no effect."""
