"""Which history a live run gets, on a new store and on one that another process left."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.feeders import history_plan
from services.feeders.backfill import Window, fill, plan
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
    assert history_plan.live_start(FaultyStore(), RUN, NOW) == LIVE


def test_a_new_store_gets_the_span_before_serving_and_five_days_later() -> None:
    store = FaultyStore()
    assert reach(history_plan.before_serving(store, RUN, live=LIVE, span=DAY)) == (LIVE - DAY, LIVE)
    assert reach(history_plan.in_background(store, RUN, live=LIVE, span=DAY)) == (LIVE - 5 * DAY, LIVE)


def test_a_longer_span_than_five_days_is_kept() -> None:
    assert reach(history_plan.in_background(FaultyStore(), RUN, live=LIVE, span=7 * DAY)) == (
        LIVE - 7 * DAY,
        LIVE,
    )


def test_no_backfill_on_a_new_store_is_none_at_all() -> None:
    store, none = FaultyStore(), timedelta()
    assert history_plan.before_serving(store, RUN, live=LIVE, span=none) == []
    assert history_plan.in_background(store, RUN, live=LIVE, span=none) == []


def test_even_without_backfill_the_holes_that_earlier_processes_left_are_closed() -> None:
    store = store_with(LIVE - 5 * HOUR, LIVE - 3 * HOUR - 10 * MINUTE)
    later = (LIVE - 2 * HOUR, LIVE - HOUR)
    list(fill(plan(store, *later, newest_first=False), model=FormulaCity(), store=store, run=RUN))
    assert [(window.start, window.end) for window in in_background(store)] == [
        (LIVE - HOUR, LIVE),
        (LIVE - 3 * HOUR, LIVE - 2 * HOUR),
        (LIVE - 3 * HOUR - 10 * MINUTE, LIVE - 3 * HOUR),
    ]


def test_a_hole_is_closed_from_where_the_first_stream_has_anything() -> None:
    store = FaultyStore()
    covers = (LIVE - HOUR, LIVE)
    batches = FormulaCity().window(*covers, [Stream.PEOPLE_COUNT])
    store.write(Stream.PEOPLE_COUNT, batches[Stream.PEOPLE_COUNT], covers=covers, run=RUN)
    (window,) = in_background(store)
    assert (window.start, window.end) == covers
    assert set(window.streams) == set(Stream) - {Stream.PEOPLE_COUNT}


def test_data_out_of_reach_and_data_ahead_are_no_reason_to_fill() -> None:
    for start in (LIVE - 5 * DAY - 2 * HOUR, LIVE + DAY):
        assert in_background(store_with(start, start + HOUR)) == []


def in_background(store: FaultyStore) -> list[Window]:
    return history_plan.in_background(store, RUN, live=LIVE, span=timedelta())


def test_new_inputs_begin_at_the_next_whole_hour_after_all_others_data() -> None:
    store = store_with(LIVE - 2 * HOUR, LIVE + 10 * MINUTE, OTHER_RUN)
    assert history_plan.first_writable_hour(store, RUN) == LIVE + HOUR
    assert history_plan.first_writable_hour(store, OTHER_RUN) is None
    assert history_plan.live_start(store, RUN, NOW) == LIVE + HOUR
    assert history_plan.before_serving(store, RUN, live=LIVE + HOUR, span=DAY) == []


def test_history_of_new_inputs_never_goes_back_before_their_beginning() -> None:
    store = store_with(LIVE - 9 * HOUR, LIVE - 8 * HOUR + MINUTE, OTHER_RUN)
    assert reach(history_plan.before_serving(store, RUN, live=LIVE, span=DAY)) == (LIVE - 7 * HOUR, LIVE)
    assert all(
        set(window.streams) == set(Stream)
        for window in history_plan.before_serving(store, RUN, live=LIVE, span=DAY)
    )
