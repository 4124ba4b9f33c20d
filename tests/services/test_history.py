"""Which history a live run gets, on a new store and on one that another process left."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services import history
from services.backfill import Window, fill, plan
from storage.schema import Stream
from storage.store import Run
from tests.services.fakes import DAY, HOUR, MINUTE, NOW, OTHER_RUN, RUN, FaultyStore, FormulaCity

LIVE = NOW.replace(minute=0, second=0)


def store_with(start: datetime, end: datetime, run: Run = RUN) -> FaultyStore:
    store = FaultyStore()
    list(fill(plan(store, start, end, newest_first=False), model=FormulaCity(), store=store, run=run))
    return store


def reach(windows: list[Window]) -> tuple[datetime, datetime]:
    """From the start of the oldest to the end of the newest, after checking that the newest come first."""
    assert windows == sorted(windows, key=lambda window: window.start, reverse=True)
    return windows[-1].start, windows[0].end


def test_feeders_begin_with_the_hour_that_now_is_in() -> None:
    assert history.live_start(FaultyStore(), RUN, NOW) == LIVE


def test_a_new_store_gets_the_span_before_serving_and_five_days_later() -> None:
    store = FaultyStore()
    assert reach(history.before_serving(store, RUN, live=LIVE, span=DAY)) == (LIVE - DAY, LIVE)
    assert reach(history.in_background(store, RUN, live=LIVE, span=DAY)) == (LIVE - 5 * DAY, LIVE)


def test_a_longer_span_than_five_days_is_kept() -> None:
    assert reach(history.in_background(FaultyStore(), RUN, live=LIVE, span=7 * DAY)) == (LIVE - 7 * DAY, LIVE)


def test_no_backfill_on_a_new_store_is_none_at_all() -> None:
    store, none = FaultyStore(), timedelta()
    assert history.before_serving(store, RUN, live=LIVE, span=none) == []
    assert history.in_background(store, RUN, live=LIVE, span=none) == []


def test_even_without_backfill_the_gap_since_the_last_process_is_closed() -> None:
    store = store_with(LIVE - 5 * HOUR, LIVE - 3 * HOUR - 10 * MINUTE)
    windows = history.in_background(store, RUN, live=LIVE, span=timedelta())
    assert reach(windows) == (LIVE - 3 * HOUR - 10 * MINUTE, LIVE)


@pytest.mark.parametrize(
    ("start", "end"), [(-5 * DAY - 2 * HOUR, -5 * DAY - HOUR), (-2 * HOUR, 10 * MINUTE), (DAY, DAY + HOUR)]
)
def test_old_data_and_data_that_go_on_leave_no_gap_to_close(start: timedelta, end: timedelta) -> None:
    store = store_with(LIVE + start, LIVE + end)
    assert history.in_background(store, RUN, live=LIVE, span=timedelta()) == []


def test_new_inputs_begin_at_the_next_whole_hour_after_all_others_data() -> None:
    store = store_with(LIVE - 2 * HOUR, LIVE + 10 * MINUTE, OTHER_RUN)
    assert history.beginning(store, RUN) == LIVE + HOUR
    assert history.beginning(store, OTHER_RUN) is None
    assert history.live_start(store, RUN, NOW) == LIVE + HOUR
    assert history.before_serving(store, RUN, live=LIVE + HOUR, span=DAY) == []


def test_history_of_new_inputs_never_goes_back_before_their_beginning() -> None:
    store = store_with(LIVE - 9 * HOUR, LIVE - 8 * HOUR + MINUTE, OTHER_RUN)
    assert reach(history.before_serving(store, RUN, live=LIVE, span=DAY)) == (LIVE - 7 * HOUR, LIVE)
    assert all(
        set(window.streams) == set(Stream)
        for window in history.before_serving(store, RUN, live=LIVE, span=DAY)
    )
