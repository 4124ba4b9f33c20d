"""The one interface behind which every backend keeps the streams, their runs and their coverage."""

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
    """What decides every byte of the data: seed, network, scenario, model version.

    Digests are SHA-256 in hex; `scenario_digest` is empty without a scenario.
    """

    seed: int
    network_digest: str
    scenario_digest: str
    model_version: str

    @property
    def run_id(self) -> str:
        """A short name for this run, the same wherever its inputs are."""
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

        All or nothing. What of `covers` is complete already is left as it is: a window written twice is
        written once. Raises `RunMismatch` where another run covers part of the window; ValueError where a
        row lies outside `covers` or the batch has another schema.
        """

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """The complete stretches in ascending order, those that touch and share a run joined."""

    def scan(self, stream: Stream, *, start: datetime, end: datetime) -> Iterator[pa.Table]:
        """Everything of a stream in [start, end), in order of (time, key), an hour or less a table."""

    def rows(self, stream: Stream) -> int:
        """How many records the stream holds."""

    def prune(self, before: datetime) -> None:
        """Forget the coverage before `before`: `scan` shows nothing of it, and any run may write there again.

        Records older than that are deleted where a backend can delete. Where only its own retention does,
        `at`, `latest`, `range` and `rows` know of them until then, or until they are written over.
        """

    def ping(self) -> None:
        """Return when the store answers; raise `StoreUnavailable` when it doesn't."""

    def close(self) -> None:
        """Let go of the store. Calling it twice is harmless."""
