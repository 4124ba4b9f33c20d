"""What a write adds to a stream: the rows that its coverage lacks, and the coverage with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from storage.batch import within
from storage.coverage import Interval, joined, overlapping, uncovered
from storage.runs import refuse_overlap
from storage.store import Covered, Run

if TYPE_CHECKING:
    import pyarrow as pa


class Addition(NamedTuple):
    """The rows to store, the coverage with them, and the one stretch of it that they lie in."""

    rows: pa.Table
    coverage: list[Covered]
    whole: Covered


def addition_to(held: Sequence[Covered], table: pa.Table, covers: Interval, run: Run) -> Addition | None:
    """What a checked batch adds to a stream's coverage; None if all of `covers` is covered.

    Raises `RunMismatch` if another run covers some of it.
    """
    refuse_overlap(held, covers, run)
    gaps = uncovered(held, *covers)
    if not gaps:
        return None
    coverage = joined([*held, Covered(*covers, run)])
    # `covers` now lies within a single stretch, which replaces those it was merged from.
    (whole,) = overlapping(coverage, *covers)
    return Addition(table if gaps == [covers] else within(table, gaps), coverage, whole)
