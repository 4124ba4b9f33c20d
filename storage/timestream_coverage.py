"""The books of the Timestream backend: which stretches are complete, in the table `feeder_progress`.

A row says of a stream, a run and a UTC hour that [start, end) within the hour is complete. It stands at the
hour in time, so that it is forgotten together with the data. A stretch that grows is written again with a
later end and a higher version: whoever is late with an earlier end changes nothing. Nothing is deleted:
what was pruned is a row too, and each row bears the number of prunes before it (its generation).

A row may be of a shard, "2/3": then that third of the rows is complete. A stretch is complete where it is so
as a whole, or where all shards of a division are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from storage.coverage import Interval, common, cut, joined
from storage.instants import EPOCH, HOUR_US, from_us, to_us
from storage.schema import Stream
from storage.store import Covered, Run
from storage.timestream_rows import Row, time_of
from storage.timestream_sql import at_or_after_ms

PRUNED = "pruned"
"""What stands for a run where a row tells of a prune."""
NONE = "none"
"""What stands for no scenario: Timestream takes no empty text."""
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the books. Without a run: everything before `end` of earlier generations is forgotten."""

    stream: Stream
    generation: int
    start: datetime
    end: datetime
    run: Run | None
    shard: str = ""


Identity: TypeAlias = tuple[Stream, int, datetime, Run | None, str]


def identity(each: Entry) -> Identity:
    """What tells a row from others: of two with the same, that with the later end counts."""
    return each.stream, each.generation, each.start, each.run, each.shard


def entry(row: Row) -> Entry:
    """A row of the progress query."""
    texts = (value or "" for value in row)
    stream, run_id, generation, start, end, seed, network, scenario, model, shard = texts
    run = None if run_id == PRUNED else Run(int(seed), network, scenario.removeprefix(NONE), model)
    return Entry(Stream(stream), int(generation), time_of(start), time_of(end), run, shard)


def covered(entries: Sequence[Entry], shard: str = "") -> dict[Stream, list[Covered]]:
    """What the books say of each stream; with a `shard` also what is complete of that alone."""
    prunes = [each for each in entries if each.run is None]
    found: dict[Stream, dict[str, list[Covered]]] = {stream: {} for stream in Stream}
    for each in entries:
        if each.run is not None:
            stretch = [Covered(each.start, each.end, each.run)]
            for prune in prunes:
                if prune.stream is each.stream and prune.generation > each.generation:
                    stretch = cut(stretch, prune.end)
            found[each.stream].setdefault(each.shard, []).extend(stretch)
    return {
        stream: joined([*whole(by_shard), *by_shard.get(shard, ())]) for stream, by_shard in found.items()
    }


def whole(by_shard: Mapping[str, Sequence[Covered]]) -> list[Covered]:
    """What is complete as a whole: as such, or by all shards of a division."""
    complete = list(by_shard.get("", ()))
    for count in sorted({int(shard.partition("/")[2]) for shard in by_shard if shard}):
        shards = [joined(by_shard.get(f"{number}/{count}", ())) for number in range(1, count + 1)]
        for run in {held.run for held in shards[0]}:
            complete += [Covered(start, end, run) for start, end in common(shards, run)]
    return complete


def hours(stretch: Covered) -> Iterator[Covered]:
    """A stretch cut at whole UTC hours."""
    start, end = to_us(stretch.start), to_us(stretch.end)
    while start < end:
        following = min((start // HOUR_US + 1) * HOUR_US, end)
        yield Covered(from_us(start), from_us(following), stretch.run)
        start = following


def record_of(each: Entry) -> dict[str, Any]:
    """A row of the books as `WriteRecords` takes it."""
    start, end = (str(to_us(instant) // 1000) for instant in (each.start, each.end))
    hour_us = to_us(each.start) // HOUR_US * HOUR_US
    run = each.run
    dimensions = {
        "stream": str(each.stream),
        "run_id": PRUNED if run is None else run.run_id,
        "stretch": each.start.isoformat(),
        "generation": str(each.generation),
    }
    if each.shard:
        dimensions["shard"] = each.shard
    measures = [("start_time", start, "TIMESTAMP"), ("end_time", end, "TIMESTAMP")]
    if run is not None:
        texts = {"seed": str(run.seed), "network_digest": run.network_digest}
        texts |= {"scenario_digest": run.scenario_digest or NONE, "model_version": run.model_version}
        measures += [(name, value, "VARCHAR") for name, value in texts.items()]
    return {
        "Time": str(hour_us // 1000),
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "MeasureValues": [{"Name": name, "Value": value, "Type": kind} for name, value, kind in measures],
        "Version": (to_us(each.end) - hour_us) // 1000 + 1,
    }


def notice_of(start: datetime, end: datetime, at: datetime) -> dict[str, Any]:
    """A row that tells at an instant that [start, end) was filled in, as `WriteRecords` takes it.

    Rows of coverage stand at their hours, of which queries show old ones hours late; this one is new.
    """
    times = {"start_time": start, "end_time": end}
    return {
        "Time": str(to_us(at) // 1000),
        "Dimensions": [{"Name": "stretch", "Value": start.isoformat()}],
        "MeasureValues": [
            {"Name": name, "Value": str(to_us(time) // 1000), "Type": "TIMESTAMP"}
            for name, time in times.items()
        ],
    }


class Books:
    """What one process knows of the books: what it read, and what it wrote itself.

    Its own entries count even while queries don't show them yet, which takes Timestream hours for times in
    its magnetic store. With a `shard` they are those of who writes that. Safe to share between threads.
    """

    def __init__(self, shard: str = "") -> None:
        self._shard = shard
        self._lock = threading.Lock()
        self._read: dict[Identity, Entry] = {}
        self._own: dict[Identity, Entry] = {}
        self._coverage: dict[Stream, list[Covered]] = {}
        self._read_at: float | None = None

    def read_within(self, seconds: float) -> bool:
        """Whether the books were read so short a while ago."""
        return self._read_at is not None and time.monotonic() - self._read_at < seconds

    def take(self, rows: Iterable[Row], asked_at: float) -> None:
        """Know what a query gave that was asked at a time (of `time.monotonic`)."""
        read = {identity(each): each for each in map(entry, rows)}
        with self._lock:
            if self._read_at is None or asked_at >= self._read_at:
                self._read, self._read_at = read, asked_at
                own = self._own.items()
                self._own = {
                    name: each for name, each in own if name not in read or read[name].end < each.end
                }
                self._settle()

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        """What is complete of a stream, ascending, as far as known."""
        return self._coverage.get(stream, [])

    def entries_for(self, stream: Stream, covers: Interval, run: Run) -> list[Entry]:
        """The rows that say that [start, end) is complete: a stretch that reaches there grows."""
        generation = self._generation(stream)
        stretch = Covered(_up_to_ms(covers[0]), _up_to_ms(covers[1]), run)
        return [
            Entry(stream, generation, self._start_of(stream, part), part.end, run, self._shard)
            for part in hours(stretch)
        ]

    def prunes_for(self, before: datetime) -> list[Entry]:
        """The rows that forget what is before an instant, of the streams that cover anything there."""
        before = _up_to_ms(before)
        return [
            Entry(stream, self._generation(stream) + 1, before, before, None)
            for stream in Stream
            if any(held.start < before for held in self.coverage(stream))
        ]

    def note(self, entries: Iterable[Entry]) -> None:
        """Know what was written into the books."""
        with self._lock:
            for each in entries:
                self._own[identity(each)] = each
                if each.run is None:
                    self._settle()
                else:
                    stretch = Covered(each.start, each.end, each.run)
                    self._coverage[each.stream] = joined([*self.coverage(each.stream), stretch])

    def _start_of(self, stream: Stream, part: Covered) -> datetime:
        """Where the known stretch of the same run and hour that reaches `part` begins, or `part` itself."""
        grown = joined([*(held for held in self.coverage(stream) if held.run == part.run), part])
        (start,) = (held.start for held in grown if held.start <= part.start < held.end)
        return max(start, from_us(to_us(part.start) // HOUR_US * HOUR_US))

    def _generation(self, stream: Stream) -> int:
        numbers = (each.generation for each in self._entries() if each.stream is stream)
        return max(numbers, default=0)

    def _entries(self) -> Sequence[Entry]:
        return [*self._read.values(), *self._own.values()]

    def _settle(self) -> None:
        self._coverage = covered(self._entries(), self._shard)


def _up_to_ms(instant: datetime) -> datetime:
    """The first whole millisecond not before an instant: records stand on whole ones."""
    return EPOCH + at_or_after_ms(instant) * MILLISECOND
