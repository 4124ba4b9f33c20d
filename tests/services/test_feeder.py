"""Feeders with a clock that needs no real time: what is written when, and what is never written."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.feeder import FEEDERS, Feeder, FeederKind
from simulator.clock import MAX, Clock
from storage.errors import RunMismatch, StoreUnavailable
from storage.schema import Stream
from tests.services.fakes import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    OTHER_RUN,
    RUN,
    SECOND,
    FakeWall,
    FaultyStore,
    FormulaCity,
    expected,
    fake_clock,
)

PEOPLE, SENSORS, POSITIONS = FEEDERS
START = NOW.replace(minute=0, second=0)


def feeder(
    kind: FeederKind,
    store: FaultyStore,
    clock: Clock,
    *,
    start: datetime = START,
    city: FormulaCity | None = None,
) -> Feeder:
    return Feeder(kind, model=city or FormulaCity(), store=store, run=RUN, clock=clock, start=start)


def stretches(store: FaultyStore, stream: Stream) -> list[tuple[datetime, datetime]]:
    return [(held.start, held.end) for held in store.coverage(stream)]


def test_the_three_feeders_write_all_four_streams_once() -> None:
    assert sorted(stream for kind in FEEDERS for stream in kind.streams) == sorted(Stream)


def test_catching_up_writes_up_to_the_last_tick_and_covers_what_lies_before_the_next() -> None:
    store = FaultyStore()
    feeder(PEOPLE, store, fake_clock(lasts=MINUTE)).catch_up(NOW)
    last = NOW.replace(second=0)
    assert stretches(store, Stream.PEOPLE_COUNT) == [(START, last + MINUTE)]
    assert store.records[Stream.PEOPLE_COUNT] == expected(Stream.PEOPLE_COUNT, START, last + MINUTE)


def test_a_visit_of_the_future_is_never_written() -> None:
    store = FaultyStore()
    feeder(POSITIONS, store, fake_clock(lasts=MINUTE)).catch_up(NOW)
    tick = NOW.replace(second=0)
    assert stretches(store, Stream.BUS_POSITION) == [(START, tick + 30 * SECOND)]
    assert stretches(store, Stream.STOP_VISIT) == [(START, tick)]
    assert all(record.time < NOW for record in store.records[Stream.STOP_VISIT])


def test_a_run_writes_every_tick_when_it_comes_and_nothing_twice() -> None:
    store, city = FaultyStore(), FormulaCity()
    clock = fake_clock(lasts=5 * MINUTE)
    feeder(POSITIONS, store, clock, city=city, start=NOW.replace(second=0)).run_until_closed()
    positions = [asked for asked in city.asked if Stream.BUS_POSITION in asked[2]]
    assert [start for start, _, _ in positions] == [
        NOW.replace(second=0) + n * 30 * SECOND for n in range(11)
    ]
    end = NOW.replace(second=0) + 11 * 30 * SECOND
    assert store.records[Stream.BUS_POSITION] == expected(Stream.BUS_POSITION, NOW.replace(second=0), end)
    visits = expected(Stream.STOP_VISIT, NOW.replace(second=0), end - 30 * SECOND)
    assert store.records[Stream.STOP_VISIT] == visits


def test_a_feeder_waits_from_tick_to_tick_without_drift() -> None:
    wall = FakeWall(NOW + 5 * MINUTE)
    wall.clock = Clock(wall=wall)
    feeder(SENSORS, FaultyStore(), wall.clock).run_until_closed()
    assert wall.waits == [50.0, 60.0, 60.0, 60.0, 60.0, 60.0]


def test_who_is_behind_catches_up_in_windows_of_at_most_an_hour_without_a_gap() -> None:
    store, city = FaultyStore(), FormulaCity()
    start = START - 5 * HOUR
    feeder(POSITIONS, store, fake_clock(lasts=MINUTE), start=start, city=city).catch_up(NOW)
    assert max(end - begin for begin, end, _ in city.asked) <= HOUR
    assert stretches(store, Stream.BUS_POSITION) == [(start, NOW.replace(second=30))]
    assert stretches(store, Stream.STOP_VISIT) == [(start, NOW.replace(second=0))]


def test_a_killed_feeder_goes_on_where_its_coverage_ends() -> None:
    store = FaultyStore()
    reached = START + 10 * MINUTE
    store.write(
        Stream.BUS_POSITION,
        FormulaCity().window(START, reached, [Stream.BUS_POSITION])[Stream.BUS_POSITION],
        covers=(START, reached),
        run=RUN,
    )
    feeder(POSITIONS, store, fake_clock(lasts=MINUTE)).catch_up(NOW)
    end = NOW.replace(second=30)
    assert store.records[Stream.BUS_POSITION] == expected(Stream.BUS_POSITION, START, end)
    assert stretches(store, Stream.STOP_VISIT) == [(START, NOW.replace(second=0))]


def test_a_clock_set_back_makes_a_feeder_wait_for_what_is_not_there_yet() -> None:
    store = FaultyStore()
    ahead = NOW + HOUR
    feeder(PEOPLE, store, Clock(start=ahead)).catch_up(ahead)
    again = feeder(PEOPLE, store, fake_clock(lasts=MINUTE))
    assert again.next_tick == ahead.replace(second=0) + MINUTE
    assert not again.step()
    assert again.status(NOW).lag == timedelta()


def test_at_a_high_rate_ticks_are_written_together_but_none_is_missing() -> None:
    store, city = FaultyStore(), FormulaCity()
    feeder(PEOPLE, store, fake_clock(lasts=3 * SECOND, rate=3600), city=city).run_until_closed()
    ((start, end),) = stretches(store, Stream.PEOPLE_COUNT)
    assert start == START
    assert end > START + 3 * HOUR
    assert store.records[Stream.PEOPLE_COUNT] == expected(Stream.PEOPLE_COUNT, start, end)


def test_at_the_greatest_rate_feeders_drive_the_clock_side_by_side() -> None:
    clock, store = Clock(start=NOW, rate=MAX), FaultyStore()
    feeders = [feeder(kind, store, clock) for kind in FEEDERS]
    for _ in range(6):
        for each in feeders:
            each.step()
            clock.drive(min(other.last_tick for other in feeders), clock.course)
        ahead = max(each.last_tick for each in feeders) - clock.now()
        assert ahead <= HOUR
    assert clock.now() > NOW + 4 * HOUR


def test_lag_is_from_the_last_tick_written_to_the_last_one_due() -> None:
    people = feeder(PEOPLE, FaultyStore(), fake_clock(lasts=MINUTE))
    people.catch_up(NOW)
    assert people.status(NOW).lag == timedelta()
    assert people.status(NOW + 5 * MINUTE).lag == 5 * MINUTE
    assert people.status(NOW).last_tick == NOW.replace(second=0)


def test_a_store_out_of_reach_is_tried_again_with_growing_pauses_and_no_gap() -> None:
    store = FaultyStore()
    clock = fake_clock(lasts=3 * MINUTE)
    people = feeder(PEOPLE, store, clock)
    store.failing, store.failures = StoreUnavailable("gone"), 5
    people.run_until_closed()
    ((start, end),) = stretches(store, Stream.PEOPLE_COUNT)
    assert store.records[Stream.PEOPLE_COUNT] == expected(Stream.PEOPLE_COUNT, start, end)
    assert end > NOW + 2 * MINUTE


def test_a_lasting_fault_of_the_store_shows_in_the_status() -> None:
    store = FaultyStore()
    clock = fake_clock(lasts=MINUTE)
    people = feeder(PEOPLE, store, clock)
    store.failing = StoreUnavailable("gone")
    states: list[str] = []
    rest = clock.rest

    def seen(seconds: float) -> bool:
        states.append(people.status(NOW).state)
        return rest(seconds)

    clock.rest = seen  # type: ignore[method-assign]
    people.run_until_closed()
    assert set(states) == {"waiting for the store"}
    assert people.status(NOW).state == "stopped"


def test_data_of_another_run_in_the_way_end_a_feeder() -> None:
    store = FaultyStore()
    other = Feeder(
        PEOPLE, model=FormulaCity(), store=store, run=OTHER_RUN, clock=Clock(start=NOW), start=START + MINUTE
    )
    other.catch_up(NOW)
    with pytest.raises(RunMismatch):
        feeder(PEOPLE, store, fake_clock(lasts=DAY), start=START).run_until_closed()
