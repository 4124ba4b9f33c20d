"""The history planned for a live run, on a new store and on one with data."""

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
    """The start of the oldest and the end of the newest window; checks that the newest come first."""
    assert windows == sorted(windows, key=lambda window: window.start, reverse=True)
    return windows[-1].start, windows[0].end


def test_feeders_begin_at_the_start_of_the_current_hour() -> None:
    assert history_plan.live_start(FaultyStore(), RUN, NOW) == LIVE


def test_a_new_store_gets_the_span_before_serving_and_five_days_in_the_background() -> None:
    store = FaultyStore()
    assert reach(history_plan.before_serving(store, RUN, live=LIVE, span=DAY)) == (LIVE - DAY, LIVE)
    assert reach(history_plan.in_background(store, RUN, live=LIVE, span=DAY)) == (LIVE - 5 * DAY, LIVE)


def test_a_longer_span_than_five_days_is_kept() -> None:
    assert reach(history_plan.in_background(FaultyStore(), RUN, live=LIVE, span=7 * DAY)) == (
        LIVE - 7 * DAY,
        LIVE,
    )


def test_without_backfill_a_new_store_gets_no_history() -> None:
    store, none = FaultyStore(), timedelta()
    assert history_plan.before_serving(store, RUN, live=LIVE, span=none) == []
    assert history_plan.in_background(store, RUN, live=LIVE, span=none) == []


def test_without_backfill_gaps_of_earlier_processes_are_still_filled() -> None:
    store = store_with(LIVE - 5 * HOUR, LIVE - 3 * HOUR - 10 * MINUTE)
    later = (LIVE - 2 * HOUR, LIVE - HOUR)
    list(fill(plan(store, *later, newest_first=False), model=FormulaCity(), store=store, run=RUN))
    assert [(window.start, window.end) for window in in_background(store)] == [
        (LIVE - HOUR, LIVE),
        (LIVE - 3 * HOUR, LIVE - 2 * HOUR),
        (LIVE - 3 * HOUR - 10 * MINUTE, LIVE - 3 * HOUR),
    ]


def test_a_gap_is_filled_from_the_first_covered_instant_of_any_stream() -> None:
    store = FaultyStore()
    covers = (LIVE - HOUR, LIVE)
    batches = FormulaCity().window(*covers, [Stream.PEOPLE_COUNT])
    store.write(Stream.PEOPLE_COUNT, batches[Stream.PEOPLE_COUNT], covers=covers, run=RUN)
    (window,) = in_background(store)
    assert (window.start, window.end) == covers
    assert set(window.streams) == set(Stream) - {Stream.PEOPLE_COUNT}


def test_older_and_later_data_cause_no_backfill() -> None:
    for start in (LIVE - 5 * DAY - 2 * HOUR, LIVE + DAY):
        assert in_background(store_with(start, start + HOUR)) == []


def in_background(store: FaultyStore) -> list[Window]:
    return history_plan.in_background(store, RUN, live=LIVE, span=timedelta())


def test_new_inputs_begin_at_the_whole_hour_after_the_data_of_other_runs() -> None:
    store = store_with(LIVE - 2 * HOUR, LIVE + 10 * MINUTE, OTHER_RUN)
    assert history_plan.first_writable_hour(store, RUN) == LIVE + HOUR
    assert history_plan.first_writable_hour(store, OTHER_RUN) is None
    assert history_plan.live_start(store, RUN, NOW) == LIVE + HOUR
    assert history_plan.before_serving(store, RUN, live=LIVE + HOUR, span=DAY) == []


def test_history_of_new_inputs_does_not_begin_before_them() -> None:
    store = store_with(LIVE - 9 * HOUR, LIVE - 8 * HOUR + MINUTE, OTHER_RUN)
    assert reach(history_plan.before_serving(store, RUN, live=LIVE, span=DAY)) == (LIVE - 7 * HOUR, LIVE)
    assert all(
        set(window.streams) == set(Stream)
        for window in history_plan.before_serving(store, RUN, live=LIVE, span=DAY)
    )
