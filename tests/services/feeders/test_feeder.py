"""Feeders on a clock that needs no real time: what they write, and when."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.feeders.feeder import FEEDERS, Feeder, FeederKind
from services.times import ceiling
from simulator.clock import MAX, Clock
from storage.digest import stream_digest
from storage.duckdb_store import DuckDBStore
from storage.errors import RunMismatch, StoreError, StoreUnavailable, TimeRefused
from storage.schema import Stream
from storage.store import Covered, Store
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
    HandWall,
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


def test_catching_up_writes_the_last_tick_and_covers_up_to_the_next() -> None:
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


def test_every_tick_is_written_once_when_it_is_due() -> None:
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


def test_waits_between_ticks_do_not_drift() -> None:
    wall = FakeWall(NOW + 5 * MINUTE)
    wall.clock = Clock(wall=wall)
    feeder(SENSORS, FaultyStore(), wall.clock).run_until_closed()
    assert wall.waits == [50.0, 60.0, 60.0, 60.0, 60.0, 60.0]


def test_a_late_feeder_catches_up_in_windows_of_at_most_an_hour() -> None:
    store, city = FaultyStore(), FormulaCity()
    start = START - 5 * HOUR
    feeder(POSITIONS, store, fake_clock(lasts=MINUTE), start=start, city=city).catch_up(NOW)
    assert max(end - begin for begin, end, _ in city.asked) <= HOUR
    assert stretches(store, Stream.BUS_POSITION) == [(start, NOW.replace(second=30))]
    assert stretches(store, Stream.STOP_VISIT) == [(start, NOW.replace(second=0))]


def test_a_killed_feeder_continues_where_its_coverage_ends() -> None:
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


def test_after_the_clock_is_set_back_a_feeder_waits_for_its_next_tick() -> None:
    store = FaultyStore()
    ahead = NOW + HOUR
    feeder(PEOPLE, store, Clock(start=ahead)).catch_up(ahead)
    again = feeder(PEOPLE, store, fake_clock(lasts=MINUTE))
    assert again.next_tick == ahead.replace(second=0) + MINUTE
    assert not again.step()
    assert again.status(NOW).lag == timedelta()


def test_at_a_high_rate_ticks_are_written_together_without_a_gap() -> None:
    store, city = FaultyStore(), FormulaCity()
    feeder(PEOPLE, store, fake_clock(lasts=3 * SECOND, rate=3600), city=city).run_until_closed()
    ((start, end),) = stretches(store, Stream.PEOPLE_COUNT)
    assert start == START
    assert end > START + 3 * HOUR
    assert store.records[Stream.PEOPLE_COUNT] == expected(Stream.PEOPLE_COUNT, start, end)


def test_at_rate_max_feeders_drive_the_clock_together() -> None:
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


@pytest.mark.parametrize("failing", [StoreUnavailable("gone"), TimeRefused("of the future")])
def test_a_store_that_takes_nothing_is_retried_with_growing_pauses_and_no_gap(failing: StoreError) -> None:
    store = FaultyStore()
    clock = fake_clock(lasts=3 * MINUTE)
    people = feeder(PEOPLE, store, clock)
    store.failing, store.failures = failing, 5
    people.run_until_closed()
    ((start, end),) = stretches(store, Stream.PEOPLE_COUNT)
    assert store.records[Stream.PEOPLE_COUNT] == expected(Stream.PEOPLE_COUNT, start, end)
    assert end > NOW + 2 * MINUTE


def test_the_status_shows_that_a_feeder_waits_for_the_store() -> None:
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


def test_data_of_another_run_end_a_feeder_with_an_error() -> None:
    store = FaultyStore()
    other = Feeder(
        PEOPLE, model=FormulaCity(), store=store, run=OTHER_RUN, clock=Clock(start=NOW), start=START + MINUTE
    )
    other.catch_up(NOW)
    with pytest.raises(RunMismatch):
        feeder(PEOPLE, store, fake_clock(lasts=DAY), start=START).run_until_closed()


def same_as_undisturbed(store: Store, start: datetime, end: datetime) -> None:
    """Check that each stream has one covered interval with the bytes of an undisturbed feeder."""
    undisturbed = FaultyStore()
    for kind in FEEDERS:
        feeder(kind, undisturbed, fake_clock(lasts=MINUTE), start=start).catch_up(end)
    for stream in Stream:
        assert list(store.coverage(stream)) == list(undisturbed.coverage(stream))
        digests = [
            stream_digest(held.scan(stream, start=start, end=end), stream) for held in (store, undisturbed)
        ]
        assert digests[0] == digests[1], stream


@pytest.mark.long
@pytest.mark.integration
def test_ten_hours_at_sixty_times_real_time_do_not_drift() -> None:
    """The last of 600 ticks is written as promptly as the first: within a shortest wait of the fake wall."""
    wall = FakeWall(NOW + 10 * MINUTE)
    clock = wall.clock = Clock(rate=60, wall=wall)
    start, store = NOW.replace(second=0), FaultyStore()
    late: list[timedelta] = []
    sensors = Feeder(
        SENSORS,
        model=FormulaCity(),
        store=store,
        run=RUN,
        clock=clock,
        start=start + MINUTE,
        on_write=lambda _stream, rows, _course: late.append(clock.now() - rows["time"][-1].as_py()),
    )
    sensors.run_until_closed()
    assert len(late) == 600
    assert max(late) < 0.1 * SECOND
    assert stretches(store, Stream.SENSOR_DATA) == [(start + MINUTE, start + 10 * HOUR + MINUTE)]


@pytest.mark.integration
def test_a_suspended_process_catches_up_without_a_gap() -> None:
    """Wall time leaps by seven hours while a feeder waits."""
    store, wall = FaultyStore(), HandWall()
    clock = Clock(wall=wall)
    feeders = [feeder(kind, store, clock) for kind in FEEDERS]
    threads = [threading.Thread(target=each.run_until_closed) for each in feeders]
    for thread in threads:
        thread.start()
    for span in (SECOND, 7 * HOUR, 30 * SECOND):
        wall.advance(span)
        wall.wait_until(lambda: all(not each.status(clock.now()).lag for each in feeders))
    clock.close()
    for thread in threads:
        thread.join()
    same_as_undisturbed(store, START, NOW + 7 * HOUR + 31 * SECOND)


@pytest.mark.integration
def test_two_feeders_of_one_stream_write_the_same_as_one(tmp_path: Path) -> None:
    clock = Clock(rate=MAX, wall=HandWall())
    end = NOW + 6 * HOUR
    with closing(DuckDBStore(tmp_path / "bus.duckdb")) as store:
        twins = [
            Feeder(kind, model=FormulaCity(), store=store, run=RUN, clock=clock, start=START)
            for kind in FEEDERS
            for _ in range(2)
        ]
        together = threading.Barrier(len(twins))

        def race(one: Feeder) -> None:
            together.wait(20)
            one.catch_up(end)

        threads = [threading.Thread(target=race, args=(one,)) for one in twins]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        same_as_undisturbed(store, START, end)


class AwayStore(FaultyStore):
    """A store that can't be reached between two instants of wall time."""

    def __init__(self, wall: FakeWall, since: datetime, until: datetime) -> None:
        super().__init__()
        self.wall, self.since, self.until = wall, since.timestamp(), until.timestamp()

    def ping(self) -> None:
        if self.since <= self.wall.seconds < self.until:
            raise StoreUnavailable("away")


@pytest.mark.integration
@pytest.mark.parametrize("rate", [1, pytest.param(60, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", FEEDERS, ids=lambda kind: kind.name)
def test_a_store_that_was_unreachable_for_minutes_has_no_gap(kind: FeederKind, rate: float) -> None:
    wall = FakeWall(NOW + 10 * MINUTE)
    wall.clock = Clock(rate=rate, wall=wall)
    store = AwayStore(wall, NOW + 2 * MINUTE, NOW + 7 * MINUTE)
    one = feeder(kind, store, wall.clock)
    one.run_until_closed()
    undisturbed = FaultyStore()
    feeder(kind, undisturbed, fake_clock(lasts=MINUTE)).catch_up(one.last_tick)
    assert one.last_tick > NOW + 8 * MINUTE * rate
    for stream in kind.streams:
        assert stretches(store, stream) == stretches(undisturbed, stream)
        assert store.records[stream] == undisturbed.records[stream]


def test_a_feeder_that_wakes_after_a_jump_writes_nothing_on_the_old_course() -> None:
    store, clock = FaultyStore(), Clock(wall=HandWall())
    people = feeder(PEOPLE, store, clock)
    people.catch_up(NOW)
    held = stretches(store, Stream.PEOPLE_COUNT)
    clock.jump(NOW + DAY)
    assert not people.step()
    assert people.status(clock.now()).lag == MINUTE
    people.follow()
    assert people.step()
    there = NOW.replace(second=0) + DAY
    assert stretches(store, Stream.PEOPLE_COUNT) == [*held, (there, there + MINUTE)]


def test_after_a_jump_covered_data_are_not_rewritten_but_published_again() -> None:
    told: list[tuple[Stream, int]] = []
    store, clock = FaultyStore(), Clock(wall=HandWall())
    people = Feeder(
        PEOPLE,
        model=FormulaCity(),
        store=store,
        run=RUN,
        clock=clock,
        start=START,
        on_write=lambda stream, rows, course: told.append((stream, course.number)),
    )
    people.catch_up(NOW)
    held = list(store.records[Stream.PEOPLE_COUNT])
    clock.jump(NOW - 5 * MINUTE)
    people.follow()
    people.step()
    assert told == [(Stream.PEOPLE_COUNT, 0), (Stream.PEOPLE_COUNT, 1)]
    assert store.records[Stream.PEOPLE_COUNT] == held


@pytest.mark.parametrize("kind", FEEDERS)
def test_end_at_ends_coverage_exactly_there(kind: FeederKind) -> None:
    store, end = FaultyStore(), ceiling(NOW, HOUR)
    clock = fake_clock(lasts=2 * HOUR)
    feeder = Feeder(kind, model=FormulaCity(), store=store, run=RUN, clock=clock, start=NOW - 10 * MINUTE)
    feeder.end_at(end)
    feeder.run_until_closed()
    assert feeder.ended
    assert not clock.closed
    for stream in kind.streams:
        assert list(store.coverage(stream)) == [Covered(NOW - 10 * MINUTE, end, RUN)]
    following = Feeder(kind, model=FormulaCity(), store=store, run=OTHER_RUN, clock=clock, start=end)
    following.catch_up(end + MINUTE)
    for stream in kind.streams:
        assert [held.run for held in store.coverage(stream)] == [RUN, OTHER_RUN]
