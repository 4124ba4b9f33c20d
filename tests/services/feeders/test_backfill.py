"""Backfill: its windows, their order, and the store after an interruption."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa
import pytest

from services.feeders.backfill import Window, fill, hours, plan
from storage.errors import StoreUnavailable
from storage.schema import Stream
from storage.store import Run
from tests.services.fakes import HOUR, MINUTE, NOW, RUN, FaultyStore, FormulaCity, expected

START = NOW.replace(minute=0, second=0)
ALL = tuple(Stream)


def filled(store: FaultyStore, start: datetime, end: datetime) -> int:
    windows = plan(store, start, end, newest_first=False)
    return sum(done.rows for done in fill(windows, model=FormulaCity(), store=store, run=RUN))


def test_windows_are_whole_utc_hours_except_at_the_ends() -> None:
    start, end = START + 20 * MINUTE, START + 130 * MINUTE
    assert list(hours(start, end)) == [
        (start, START + HOUR),
        (START + HOUR, START + 2 * HOUR),
        (START + 2 * HOUR, end),
    ]


def test_an_empty_store_lacks_every_hour_of_every_stream() -> None:
    assert plan(FaultyStore(), START, START + 2 * HOUR, newest_first=True) == [
        Window(START + HOUR, START + 2 * HOUR, ALL),
        Window(START, START + HOUR, ALL),
    ]


def test_only_missing_windows_are_planned_for_each_stream() -> None:
    store = FaultyStore()
    filled(store, START, START + HOUR)
    batch = FormulaCity().window(START + HOUR, START + 90 * MINUTE, [Stream.STOP_VISIT])
    covers = (START + HOUR, START + 90 * MINUTE)
    store.write(Stream.STOP_VISIT, batch[Stream.STOP_VISIT], covers=covers, run=RUN)
    others = tuple(stream for stream in Stream if stream is not Stream.STOP_VISIT)
    assert plan(store, START, START + 2 * HOUR, newest_first=False) == [
        Window(START + HOUR, START + 2 * HOUR, others),
        Window(START + 90 * MINUTE, START + 2 * HOUR, (Stream.STOP_VISIT,)),
    ]


def test_a_filled_store_has_exactly_the_models_records() -> None:
    store = FaultyStore()
    start, end = START + 20 * MINUTE, START + 130 * MINUTE
    rows = filled(store, start, end)
    assert rows == sum(store.rows(stream) for stream in Stream)
    for stream in Stream:
        assert store.records[stream] == expected(stream, start, end)
    assert filled(store, start, end) == 0


@pytest.mark.integration
def test_an_interrupted_backfill_continues_where_it_stopped() -> None:
    store, end = FaultyStore(), START + 12 * HOUR
    windows = plan(store, START, end, newest_first=True)
    stop = threading.Event()
    for done in fill(windows, model=FormulaCity(), store=store, run=RUN, stopped=stop.is_set):
        stop.set()
        assert done.window.start >= START + 5 * HOUR
    assert plan(store, START, end, newest_first=True)
    filled(store, START, end)
    assert plan(store, START, end, newest_first=True) == []
    for stream in Stream:
        assert store.records[stream] == expected(stream, START, end)


def test_a_window_is_simulated_while_the_previous_one_is_written() -> None:
    city, store = FormulaCity(), FaultyStore()
    simulated = threading.Event()
    write = store.write

    def slow_write(*arguments: object, **named: object) -> None:
        assert len(city.asked) >= 2 or simulated.wait(5)
        write(*arguments, **named)  # type: ignore[arg-type]

    def window(start: datetime, end: datetime, streams: tuple[Stream, ...]) -> object:
        result = FormulaCity.window(city, start, end, streams)
        if len(city.asked) == 2:
            simulated.set()
        return result

    store.write = slow_write  # type: ignore[method-assign]
    city.window = window  # type: ignore[method-assign, assignment]
    windows = plan(store, START, START + 3 * HOUR, newest_first=False)
    assert sum(done.planned for done in fill(windows, model=city, store=store, run=RUN)) == 3


@pytest.mark.integration
def test_hours_with_few_rows_are_joined_but_not_across_gaps() -> None:
    store = FaultyStore()
    gap = (START + 4 * HOUR, START + 5 * HOUR)
    filled(store, *gap)
    windows = plan(store, START, START + 12 * HOUR, newest_first=False)
    done = list(fill(windows, model=FormulaCity(), store=store, run=RUN))
    assert [((d.window.start - START) // HOUR, (d.window.end - START) // HOUR, d.planned) for d in done] == [
        (0, 1, 1),
        (1, 4, 3),
        (5, 11, 6),
        (11, 12, 1),
    ]
    for stream in Stream:
        assert store.records[stream] == expected(stream, START, START + 12 * HOUR)


def test_a_store_that_takes_much_at_once_gets_all_hours_of_a_utc_day_in_one_window() -> None:
    class DayStore(FaultyStore):
        rows_at_once = 1_000_000

    store, midnight = DayStore(), START.replace(hour=0)
    windows = plan(store, midnight - HOUR, midnight + 26 * HOUR, newest_first=False)
    done = [each.window for each in fill(windows, model=FormulaCity(), store=store, run=RUN)]
    assert [(window.start, window.end) for window in done] == [
        (midnight - HOUR, midnight),
        (midnight, midnight + 24 * HOUR),
        (midnight + 24 * HOUR, midnight + 26 * HOUR),
    ]
    assert store.records[Stream.BUS_POSITION] == expected(
        Stream.BUS_POSITION, midnight - HOUR, midnight + 26 * HOUR
    )


def test_a_store_that_can_gets_all_streams_of_a_window_at_once() -> None:
    written: list[tuple[tuple[datetime, datetime], tuple[Stream, ...]]] = []

    class WindowStore(FaultyStore):
        def write_window(
            self, batches: Mapping[Stream, pa.Table], *, covers: tuple[datetime, datetime], run: Run
        ) -> None:
            written.append((covers, tuple(batches)))
            for stream, batch in batches.items():
                self.write(stream, batch, covers=covers, run=run)

    store = WindowStore()
    filled(store, START, START + 2 * HOUR)
    assert written == [((START, START + HOUR), ALL), ((START + HOUR, START + 2 * HOUR), ALL)]
    assert store.records[Stream.STOP_VISIT] == expected(Stream.STOP_VISIT, START, START + 2 * HOUR)


def test_a_store_that_fails_ends_the_backfill() -> None:
    store = FaultyStore()
    windows = plan(store, START, START + 3 * HOUR, newest_first=False)
    store.failing = StoreUnavailable("no room")
    with pytest.raises(StoreUnavailable, match="no room"):
        list(fill(windows, model=FormulaCity(), store=store, run=RUN))
