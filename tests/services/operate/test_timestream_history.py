"""Five days of history in Timestream: present, missing, with a gap, old, or not yet queryable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from services.operate.api_client import CheckFailed
from services.operate.timestream_history import check_history
from services.times import HOUR
from storage.coverage import Interval
from storage.errors import StoreUnavailable
from storage.schema import Stream
from storage.store import Covered
from storage.timestream_rows import Hour
from tests.storage.records import RUN

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 6, 7, 30, 10, tzinfo=UTC)
THIS_HOUR = datetime(2026, 3, 6, 7, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Known:
    """A store with this coverage, these hours and these backfills."""

    covered: Sequence[Covered]
    held: Sequence[Hour]
    filled: Sequence[Interval] = ()

    def backfills(self, *, since: datetime, now: datetime) -> Sequence[Interval]:
        assert (since, now) == (NOW - timedelta(hours=6), NOW)
        return self.filled

    def coverage(self, stream: Stream) -> Sequence[Covered]:
        return self.covered

    def hours(self, stream: Stream, *, start: datetime, end: datetime) -> Sequence[Hour]:
        return [hour for hour in self.held if start <= hour.start < end]


def hours(count: int, *, left_out: range = range(0)) -> list[Hour]:
    """The last `count` whole hours and the current one, without those so many hours ago."""
    kept = [ago for ago in range(count, 0, -1) if ago not in left_out]
    whole = [THIS_HOUR - ago * HOUR for ago in kept]
    return [
        *(Hour(start, 60, start, start + 59 * MINUTE) for start in whole),
        Hour(THIS_HOUR, 31, THIS_HOUR, THIS_HOUR + 30 * MINUTE),
    ]


def covered(days: int) -> list[Covered]:
    return [Covered(THIS_HOUR - timedelta(days=days), THIS_HOUR + 31 * MINUTE, RUN)]


def said(held: Sequence[Hour], coverage: Sequence[Covered] = (), filled: Sequence[Interval] = ()) -> str:
    with pytest.raises(CheckFailed) as refused:
        check_history(Known(coverage, held, filled), Stream.PEOPLE_COUNT, NOW)
    return str(refused.value)


def test_five_days_without_a_gap_are_enough() -> None:
    assert check_history(Known([], hours(120)), Stream.PEOPLE_COUNT, NOW) == "5.00 days without a gap"


def test_four_days_are_not() -> None:
    assert said(hours(96), covered(4)) == "4.02 days without a gap, 5.00 days are needed"


def test_a_gap_counts_as_the_end() -> None:
    assert said(hours(120, left_out=range(30, 32))) == "1.23 days without a gap, 5.00 days are needed"


def test_an_empty_table_has_no_data() -> None:
    assert said([]) == "no data"


def test_old_data_are_named_with_their_end() -> None:
    held = hours(120)[:-2]
    assert said(held, covered(5)) == "ends 2026-03-06T05:59:00Z, 1:31:10 before simulated now"


def test_records_not_yet_queryable_are_distinguished_from_missing_ones() -> None:
    shown = hours(24)
    assert said(shown, covered(6)).startswith("96 hours are written, not yet queryable")
    assert said(shown, covered(4)) == "1.02 days without a gap, 5.00 days are needed"


def test_a_backfills_notice_counts_while_its_coverage_is_not_yet_queryable() -> None:
    filled = [(NOW - timedelta(days=6), THIS_HOUR)]
    assert said(hours(24), covered(1), filled).startswith("96 hours are written, not yet queryable")
    late = [(NOW - timedelta(days=3), THIS_HOUR)]
    assert said(hours(24), covered(1), late) == "1.02 days without a gap, 5.00 days are needed"


def test_coverage_does_not_excuse_missing_records_of_the_last_day() -> None:
    assert said([], covered(6)) == "no data"
    gap = hours(120, left_out=range(3, 4))
    assert said(gap, covered(6)) == "0.10 days without a gap, 5.00 days are needed"


def test_an_unreachable_store_fails_the_check() -> None:
    class Away(Known):
        def coverage(self, stream: Stream) -> Sequence[Covered]:
            raise StoreUnavailable("nobody answers")

    with pytest.raises(CheckFailed, match="nobody answers"):
        check_history(Away([], []), Stream.PEOPLE_COUNT, NOW)
