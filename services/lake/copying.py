"""Copying a lake into another store, hour by hour, with its coverage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

import pyarrow as pa

from services.times import HOUR, floor
from simulator.progress import OnProgress, Progress
from storage.arrow_schema import arrow_schema
from storage.coverage import uncovered
from storage.runs import check_run, refuse_overlap
from storage.schema import Stream
from storage.store import Covered, Run, Store


class Window(NamedTuple):
    """A window of a stream that a store covers and another lacks, within an hour."""

    stream: Stream
    start: datetime
    end: datetime
    run: Run


def copy(source: Store, target: Store, *, continue_with_new_inputs: bool, on_progress: OnProgress) -> int:
    """Write what `target` lacks of `source`, oldest first; return the number of records.

    Windows that are written stay, so that an interrupted copy continues where it stopped. Raises
    `RunMismatch`, before anything is written, if the target has data of another run; with
    `continue_with_new_inputs` only if it has them in the same span.
    """
    held = {stream: source.coverage(stream) for stream in Stream}
    for run in {stretch.run for stretches in held.values() for stretch in stretches}:
        check_run(target, run, continue_with_new_inputs=continue_with_new_inputs)
    found = (window for stream in Stream for window in missing(stream, held[stream], target.coverage(stream)))
    windows = sorted(found, key=attrgetter("start", "stream"))
    rows = 0
    on_progress(Progress("importing", 0, len(windows), "windows"))
    for number, (stream, start, end, run) in enumerate(windows, 1):
        tables = [*source.scan(stream, start=start, end=end)]
        batch = pa.concat_tables([arrow_schema(stream).empty_table(), *tables]).unify_dictionaries()
        target.write(stream, batch, covers=(start, end), run=run)
        rows += len(batch)
        on_progress(Progress("importing", number, len(windows), "windows"))
    return rows


def missing(stream: Stream, wanted: Sequence[Covered], held: Sequence[Covered]) -> Iterator[Window]:
    """What `held` lacks of a stream. Raises `RunMismatch` where it is of another run."""
    for stretch in wanted:
        refuse_overlap(held, (stretch.start, stretch.end), stretch.run)
        for start, end in uncovered(held, stretch.start, stretch.end):
            while start < end:
                following = min(floor(start, HOUR) + HOUR, end)
                yield Window(stream, start, following, stretch.run)
                start = following
