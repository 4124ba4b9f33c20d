"""Copying a lake into another store, as a backfill does, with its coverage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import pyarrow as pa

from services.feeders.backfill import Window, fill, hours
from simulator.progress import OnProgress, Progress
from storage.arrow_schema import arrow_schema
from storage.coverage import Interval, uncovered
from storage.runs import check_run, refuse_overlap
from storage.schema import Stream
from storage.store import Covered, Run, Store


class StoredStreams:
    """The streams of a store as a model, whose windows are what is stored."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def window(
        self, start: datetime, end: datetime, streams: Collection[Stream]
    ) -> Mapping[Stream, pa.Table]:
        """See `Model.window`."""
        return {stream: self._rows(stream, start, end) for stream in streams}

    def _rows(self, stream: Stream, start: datetime, end: datetime) -> pa.Table:
        tables = self._store.scan(stream, start=start, end=end)
        return pa.concat_tables([arrow_schema(stream).empty_table(), *tables]).unify_dictionaries()


def copy(source: Store, target: Store, *, continue_with_new_inputs: bool, on_progress: OnProgress) -> int:
    """Write what `target` lacks of `source`, oldest first; return the number of records.

    Windows that are written stay, so that an interrupted copy continues where it stopped. Raises
    `RunMismatch`, before anything is written, if the target has data of another run; with
    `continue_with_new_inputs` only if it has them in the same span.
    """
    held = {stream: source.coverage(stream) for stream in Stream}
    lacking = missing(held, target)
    for run in {stretch.run for stretches in held.values() for stretch in stretches}:
        check_run(target, run, continue_with_new_inputs=continue_with_new_inputs)
    total, done, rows = sum(map(len, lacking.values())), 0, 0
    on_progress(Progress("importing", done, total, "hours"))
    for run, windows in lacking.items():
        for filled in fill(windows, model=StoredStreams(source), store=target, run=run):
            done, rows = done + filled.planned, rows + filled.rows
            on_progress(Progress("importing", done, total, "hours"))
    return rows


def missing(held: Mapping[Stream, Sequence[Covered]], target: Store) -> Mapping[Run, Sequence[Window]]:
    """What a store lacks of each run, by hours, oldest first.

    Raises `RunMismatch` where the store has another run.
    """
    streams: defaultdict[tuple[Run, Interval], list[Stream]] = defaultdict(list)
    for stream, stretches in held.items():
        for run, hour in _missing_hours(stretches, target.coverage(stream)):
            streams[run, hour].append(stream)
    windows: defaultdict[Run, list[Window]] = defaultdict(list)
    for run, hour in sorted(streams, key=lambda found: found[1]):
        windows[run].append(Window(*hour, tuple(streams[run, hour])))
    return windows


def _missing_hours(wanted: Sequence[Covered], held: Sequence[Covered]) -> Iterator[tuple[Run, Interval]]:
    for stretch in wanted:
        refuse_overlap(held, (stretch.start, stretch.end), stretch.run)
        for start, end in uncovered(held, stretch.start, stretch.end):
            for hour in hours(start, end):
                yield stretch.run, hour
