"""Union, difference and intersection of covered intervals."""

from __future__ import annotations

from datetime import datetime

import pytest

from storage.coverage import Interval, common, cut, joined, overlapping, uncovered
from storage.store import Covered
from tests.storage.records import OTHER_RUN, RUN, after

HELD = [Covered(after(10), after(20), RUN), Covered(after(30), after(40), OTHER_RUN)]


def seconds(intervals: list[Interval]) -> list[tuple[float, float]]:
    return [((a - after(0)).total_seconds(), (b - after(0)).total_seconds()) for a, b in intervals]


@pytest.mark.parametrize(
    ("start", "end", "missing"),
    [
        (0, 50, [(0, 10), (20, 30), (40, 50)]),
        (10, 20, []),
        (12, 18, []),
        (15, 35, [(20, 30)]),
        (0, 10, [(0, 10)]),
        (20, 30, [(20, 30)]),
        (0, 5, [(0, 5)]),
        (45, 50, [(45, 50)]),
        (5, 5, []),
        (9, 5, []),
    ],
)
def test_uncovered_intervals_are_found(start: float, end: float, missing: list[tuple[float, float]]) -> None:
    assert seconds(uncovered(HELD, after(start), after(end))) == missing


def test_without_coverage_the_whole_interval_is_uncovered() -> None:
    assert uncovered([], after(0), after(1)) == [(after(0), after(1))]


def test_adjacent_and_overlapping_stretches_are_merged() -> None:
    parts = [(30, 40), (0, 10), (10, 20), (15, 18), (41, 50)]
    stretches = joined(Covered(after(a), after(b), RUN) for a, b in parts)
    assert seconds([(s.start, s.end) for s in stretches]) == [(0, 20), (30, 40), (41, 50)]


@pytest.mark.parametrize(
    ("before", "left"), [(0, [(10, 20), (30, 40)]), (15, [(15, 20), (30, 40)]), (20, [(30, 40)]), (40, [])]
)
def test_coverage_before_an_instant_is_cut_off(before: float, left: list[tuple[float, float]]) -> None:
    assert seconds([(s.start, s.end) for s in cut(HELD, after(before))]) == left


def test_overlapping_stretches_are_found() -> None:
    def starts(start: float, end: float) -> list[datetime]:
        return [stretch.start for stretch in overlapping(HELD, after(start), after(end))]

    assert starts(0, 10) == []
    assert starts(0, 10.001) == [after(10)]
    assert starts(19.999, 31) == [after(10), after(30)]
    assert starts(20, 30) == []


def test_the_common_coverage_of_all_streams_is_found() -> None:
    other = [Covered(after(0), after(12), RUN), Covered(after(18), after(40), RUN)]
    assert seconds(common([HELD, other], RUN)) == [(10, 12), (18, 20)]
    assert common([HELD, []], RUN) == []
    assert common([], RUN) == []
