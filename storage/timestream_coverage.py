"""The coverage of a Timestream database, calculated from the rows of `feeder_progress`.

`storage.timestream_progress` describes the rows.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from storage.coverage import Interval, cut, joined, whole
from storage.instants import HOUR_US, from_us, to_us
from storage.schema import Stream
from storage.store import Covered, Run
from storage.timestream_progress import Identity, ProgressRow, progress_row
from storage.timestream_rows import Row
from storage.timestream_sql import at_or_after_ms


def covered(rows: Sequence[ProgressRow], shard: str = "") -> dict[Stream, list[Covered]]:
    """The coverage of each stream. With a `shard`, intervals that this shard alone has written count, too."""
    prunes = [row for row in rows if row.run is None]
    found: dict[Stream, dict[str, list[Covered]]] = {stream: {} for stream in Stream}
    for row in rows:
        if row.run is not None:
            stretch = [Covered(row.start, row.end, row.run)]
            for prune in prunes:
                # A row of the prune's own or a later generation was written after it, and stays whole.
                if prune.stream is row.stream and prune.generation > row.generation:
                    stretch = cut(stretch, prune.end)
            found[row.stream].setdefault(row.shard, []).extend(stretch)
    return {
        stream: joined([*whole(by_shard), *by_shard.get(shard, ())]) for stream, by_shard in found.items()
    }


def hours(stretch: Covered) -> Iterator[Covered]:
    """A stretch, divided at whole UTC hours."""
    start, end = to_us(stretch.start), to_us(stretch.end)
    while start < end:
        following = min((start // HOUR_US + 1) * HOUR_US, end)
        yield Covered(from_us(start), from_us(following), stretch.run)
        start = following


class CoverageLog:
    """The rows of `feeder_progress` that one process knows: those it has read, and those it has written.

    Queries may return a row only hours after it was written, if its time is in the magnetic store. So rows
    written by this process are kept until a query returns them or a later version. With a `shard`, this
    process writes rows of that shard. Threads may share a log.
    """

    def __init__(self, shard: str = "") -> None:
        self._shard = shard
        self._lock = threading.Lock()
        self._read: dict[Identity, ProgressRow] = {}
        self._own: dict[Identity, ProgressRow] = {}
        self._coverage: dict[Stream, list[Covered]] = {}
        self._read_at: float | None = None

    def was_read_within(self, seconds: float) -> bool:
        """Whether the table was read less than `seconds` ago."""
        return self._read_at is not None and time.monotonic() - self._read_at < seconds

    def load(self, rows: Iterable[Row], asked_at: float) -> None:
        """Replace the rows read by the result of a query that was sent at `asked_at` (of `time.monotonic`).

        The result is ignored if a later query was loaded already, since results may arrive in another order.
        """
        read = {row.identity: row for row in map(progress_row, rows)}
        with self._lock:
            if self._read_at is None or asked_at >= self._read_at:
                self._read, self._read_at = read, asked_at
                # Own rows that the answer doesn't show yet, or shows with an earlier end, still count.
                own = self._own.items()
                self._own = {name: row for name, row in own if name not in read or read[name].end < row.end}
                self._recompute()

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """The coverage of a stream as far as this process knows it."""
        return self._coverage.get(stream, [])

    def rows_for(self, stream: Stream, covers: Interval, run: Run) -> list[ProgressRow]:
        """The rows to write after [start, end) was written.

        A known stretch that ends at or after the start is extended, so that a feeder writes new versions of
        one row per hour instead of a row per tick.
        """
        generation = self._generation(stream)
        stretch = Covered(_up_to_ms(covers[0]), _up_to_ms(covers[1]), run)
        return [
            ProgressRow(stream, generation, self._start_of(stream, part), part.end, run, self._shard)
            for part in hours(stretch)
        ]

    def prune_rows(self, before: datetime) -> list[ProgressRow]:
        """The rows to write to prune coverage before an instant, for the streams that have any."""
        before = _up_to_ms(before)
        return [
            ProgressRow(stream, self._generation(stream) + 1, before, before, None)
            for stream in Stream
            if any(held.start < before for held in self.coverage(stream))
        ]

    def add(self, rows: Iterable[ProgressRow]) -> None:
        """Add rows that this process has written."""
        with self._lock:
            for row in rows:
                self._own[row.identity] = row
                if row.run is None:
                    self._recompute()
                else:
                    # Coverage only grows here; recomputing it at every tick would take longer every hour.
                    stretch = Covered(row.start, row.end, row.run)
                    self._coverage[row.stream] = joined([*self.coverage(row.stream), stretch])

    def _start_of(self, stream: Stream, part: Covered) -> datetime:
        """The start of the stretch that `part`, within an hour, forms together with known rows of its run.

        It is never before the hour, since a row refers to one hour only.
        """
        grown = joined([*(held for held in self.coverage(stream) if held.run == part.run), part])
        (start,) = (held.start for held in grown if held.start <= part.start < held.end)
        return max(start, from_us(to_us(part.start) // HOUR_US * HOUR_US))

    def _generation(self, stream: Stream) -> int:
        """The number of prunes of a stream that the known rows record."""
        return max((row.generation for row in self._rows() if row.stream is stream), default=0)

    def _rows(self) -> Sequence[ProgressRow]:
        return [*self._read.values(), *self._own.values()]

    def _recompute(self) -> None:
        self._coverage = covered(self._rows(), self._shard)


def _up_to_ms(instant: datetime) -> datetime:
    """The first whole millisecond at or after an instant. Times of records have whole milliseconds."""
    return from_us(at_or_after_ms(instant) * 1000)
