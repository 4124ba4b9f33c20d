"""Union, difference and intersection of coverage.

Intervals are half-open: [start, end). A coverage is a list of `Covered` in ascending order without overlaps,
in which adjacent intervals of one run are merged. A `Covered` is also called a stretch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter

from storage.instants import EPOCH, MICROSECOND
from storage.store import Covered, Run

Interval = tuple[datetime, datetime]


def joined(stretches: Iterable[Covered]) -> list[Covered]:
    """The coverage of stretches in any order; those of one run may overlap or be adjacent."""
    result: list[Covered] = []
    for stretch in sorted(stretches, key=attrgetter("start")):
        last = result[-1] if result else None
        if last is not None and last.run == stretch.run and stretch.start <= last.end:
            result[-1] = replace(last, end=max(last.end, stretch.end))
        else:
            result.append(stretch)
    return result


def uncovered(coverage: Sequence[Covered], start: datetime, end: datetime) -> list[Interval]:
    """The parts of [start, end) that no run covers, in ascending order; empty if start ≥ end."""
    missing: list[Interval] = []
    reached = start  # everything before it is either covered or in `missing`
    for stretch in coverage:
        if stretch.start >= end:
            break
        if stretch.start > reached:
            missing.append((reached, stretch.start))
        reached = max(reached, stretch.end)
    if reached < end:
        missing.append((reached, end))
    return missing


def overlapping(coverage: Sequence[Covered], start: datetime, end: datetime) -> list[Covered]:
    """The stretches that overlap [start, end), in their full length."""
    return [stretch for stretch in coverage if stretch.start < end and start < stretch.end]


def newest_tick(coverage: Sequence[Covered], time: datetime, cadence_s: int) -> datetime | None:
    """The last whole multiple of a cadence at or before `time` that is covered."""
    step = timedelta(seconds=cadence_s)
    for stretch in reversed(coverage):
        last = min(time, stretch.end - MICROSECOND)
        tick = last - (last - EPOCH) % step
        if tick >= stretch.start:
            return tick.astimezone(UTC)
    return None


def cut(coverage: Sequence[Covered], before: datetime) -> list[Covered]:
    """The part of a coverage at and after an instant."""
    return [
        replace(stretch, start=max(stretch.start, before)) for stretch in coverage if stretch.end > before
    ]


def common(coverages: Iterable[Sequence[Covered]], run: Run) -> list[Interval]:
    """The intervals that `run` covers in all of `coverages`; empty if there are no coverages."""
    shared: list[Interval] | None = None
    for coverage in coverages:
        own = [(stretch.start, stretch.end) for stretch in coverage if stretch.run == run]
        shared = own if shared is None else _intersection(shared, own)
    return shared or []


def whole(by_shard: Mapping[str, Sequence[Covered]]) -> list[Covered]:
    """The coverage of a stream: what was written without shards, or by all shards of one division.

    Shards of different divisions (such as 1/2 and 2/3) can't be combined: they divide the records
    differently.
    """
    complete = list(by_shard.get("", ()))
    for count in sorted({int(shard.partition("/")[2]) for shard in by_shard if shard}):
        shards = [joined(by_shard.get(f"{number}/{count}", ())) for number in range(1, count + 1)]
        # Only runs that the first shard has can be complete.
        for run in {held.run for held in shards[0]}:
            complete += [Covered(start, end, run) for start, end in common(shards, run)]
    return complete


def _intersection(some: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    pairs = [(max(a, c), min(b, d)) for a, b in some for c, d in others]
    return sorted((start, end) for start, end in pairs if start < end)
