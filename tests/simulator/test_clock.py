"""The clock: now at every rate, and the exact ends of waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from simulator.clock import MAX, Clock

START = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


class FakeWall:
    """Wall time that only a test or a wait advances."""

    def __init__(self, on_wait: Callable[[], None] | None = None) -> None:
        self.seconds = START.timestamp()
        self.waits: list[float] = []
        self.on_wait = on_wait

    def time(self) -> float:
        return self.seconds

    def wait(self, condition: threading.Condition, seconds: float) -> None:
        self.waits.append(seconds)
        if self.on_wait is None:
            self.seconds += seconds
        else:
            self.on_wait()


def test_a_clock_without_a_start_shows_wall_time() -> None:
    wall = FakeWall()
    assert Clock(wall=wall).now() == START


def test_simulated_time_passes_at_the_rate() -> None:
    wall = FakeWall()
    clock = Clock(start=START, rate=60, wall=wall)
    wall.seconds += 1.5
    assert clock.now() == START + timedelta(seconds=90)


def test_a_changed_rate_counts_from_the_change() -> None:
    wall = FakeWall()
    clock = Clock(start=START, rate=60, wall=wall)
    wall.seconds += 1
    clock.set_rate(2)
    wall.seconds += 10
    assert clock.now() == START + timedelta(seconds=60 + 20)


def test_waiting_takes_the_distance_divided_by_the_rate() -> None:
    wall = FakeWall()
    clock = Clock(start=START, rate=10, wall=wall)
    assert clock.wait_until(START + timedelta(seconds=30))
    assert wall.waits == [3.0]


def test_a_past_instant_needs_no_wait() -> None:
    wall = FakeWall()
    assert Clock(start=START, wall=wall).wait_until(START)
    assert wall.waits == []


def test_a_long_wait_is_rechecked_so_that_a_set_wall_clock_is_noticed() -> None:
    wall = FakeWall()
    clock = Clock(start=START, wall=wall)
    assert clock.wait_until(START + timedelta(seconds=150))
    assert wall.waits == [60.0, 60.0, 30.0]


def test_a_wait_goes_on_with_the_new_rate() -> None:
    clock: Clock

    def speed_up() -> None:
        wall.on_wait = None
        clock.set_rate(30)

    wall = FakeWall(speed_up)
    clock = Clock(start=START, wall=wall)
    assert clock.wait_until(START + timedelta(seconds=30))
    assert wall.waits == [30.0, 1.0]


def test_closing_ends_a_wait_and_every_later_one() -> None:
    clock: Clock
    wall = FakeWall(lambda: clock.close())
    clock = Clock(start=START, wall=wall)
    assert not clock.wait_until(START + timedelta(seconds=30))
    assert not clock.wait_until(START)
    assert not clock.rest(5)
    assert clock.closed


def test_closing_from_another_thread_ends_a_real_wait() -> None:
    clock = Clock(start=START)
    ended = threading.Event()

    def wait() -> None:
        clock.wait_until(START + timedelta(days=1))
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    clock.close()
    assert ended.wait(5)


def test_a_pause_is_wall_time_at_any_rate() -> None:
    wall = FakeWall()
    assert Clock(start=START, rate=3600, wall=wall).rest(2)
    assert wall.waits == [2.0]


def test_at_the_greatest_rate_time_is_driven_and_never_goes_back() -> None:
    wall = FakeWall()
    clock = Clock(start=START, rate=MAX, wall=wall)
    wall.seconds += 100
    assert clock.now() == START
    clock.drive(START + timedelta(hours=1), clock.course)
    clock.drive(START, clock.course)
    assert clock.now() == START + timedelta(hours=1)


def test_a_wait_at_the_greatest_rate_ends_when_time_is_driven_there() -> None:
    clock: Clock
    wall = FakeWall(lambda: clock.drive(START + timedelta(hours=1), clock.course))
    clock = Clock(start=START, rate=MAX, wall=wall)
    assert clock.wait_until(START + timedelta(minutes=1))


def test_driving_is_for_the_greatest_rate_only() -> None:
    wall = FakeWall()
    clock = Clock(start=START, wall=wall)
    clock.drive(START + timedelta(hours=1), clock.course)
    assert clock.now() == START


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_is_not_positive_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        Clock(rate=rate)


def test_ten_hours_at_sixty_times_real_time_end_at_the_exact_microsecond() -> None:
    wall = FakeWall()
    clock = Clock(start=START, rate=60, wall=wall)
    for tick in range(1, 20 * 60 + 1):
        assert clock.wait_until(START + tick * timedelta(seconds=30))
    assert clock.now() == START + timedelta(hours=10)
    assert wall.seconds == START.timestamp() + 600
    assert set(wall.waits) == {0.5}


def test_a_paused_clock_keeps_its_instant_and_resumes_at_its_rate() -> None:
    wall = FakeWall()
    clock = Clock(start=START, rate=60, paused=True, wall=wall)
    wall.seconds += 100
    assert (clock.now(), clock.rate, clock.pace, clock.paused) == (START, 0, 60, True)
    clock.resume()
    wall.seconds += 1
    clock.pause()
    wall.seconds += 100
    assert (clock.now(), clock.rate) == (START + timedelta(seconds=60), 0)
    clock.set_rate(2)
    wall.seconds += 1
    assert (clock.now(), clock.rate) == (START + timedelta(seconds=62), 2)


def test_a_wait_on_a_paused_clock_ends_when_a_step_reaches_its_instant() -> None:
    clock: Clock
    wall = FakeWall(lambda: clock.step(timedelta(seconds=30)))
    clock = Clock(start=START, paused=True, wall=wall)
    course = clock.course
    assert clock.wait_until(START + timedelta(seconds=60))
    assert wall.waits == [60.0, 60.0]
    assert (clock.now(), clock.paused, clock.course) == (START + timedelta(seconds=60), True, course)


def test_a_step_pauses_a_running_clock() -> None:
    wall = FakeWall()
    clock = Clock(start=START, rate=10, wall=wall)
    wall.seconds += 1
    clock.step(timedelta(seconds=5))
    wall.seconds += 1
    assert (clock.now(), clock.rate) == (START + timedelta(seconds=15), 0)


@pytest.mark.parametrize("hours", [-5, 5])
@pytest.mark.parametrize("paused", [True, False])
def test_a_jump_begins_a_course_there_and_keeps_the_rate(hours: int, paused: bool) -> None:
    wall = FakeWall()
    clock = Clock(start=START, rate=60, paused=paused, wall=wall)
    there = START + timedelta(hours=hours)
    clock.jump(there)
    wall.seconds += 1
    assert clock.now() == there + (timedelta() if paused else timedelta(seconds=60))
    assert (clock.pace, clock.paused) == (60, paused)
    assert (clock.course.number, clock.course.start) == (1, there)
    assert clock.moment().course is clock.course


def test_a_wait_ends_when_a_jump_reaches_its_instant() -> None:
    clock: Clock
    wall = FakeWall(lambda: clock.jump(START + timedelta(hours=1)))
    clock = Clock(start=START, wall=wall)
    assert clock.wait_until(START + timedelta(minutes=1))


@pytest.mark.parametrize("change", ["set_rate", "pause", "resume", "step", "jump"])
def test_a_wait_with_changes_ends_at_any_change(change: str) -> None:
    clock: Clock
    arguments: dict[str, tuple[object, ...]] = {
        "set_rate": (2,),
        "step": (timedelta(seconds=1),),
        "jump": (START - timedelta(hours=1),),
    }

    def make() -> None:
        getattr(clock, change)(*arguments.get(change, ()))

    wall = FakeWall(make)
    clock = Clock(start=START, wall=wall)
    before = clock.changes
    assert not clock.wait_until(START + timedelta(hours=2), changes=before)
    assert len(wall.waits) == 1
    assert not clock.wait_until(START - timedelta(hours=2), changes=before)


def test_waiting_for_a_jump_ends_with_a_jump_or_close() -> None:
    clock: Clock
    wall = FakeWall(lambda: clock.jump(START))
    clock = Clock(start=START, wall=wall)
    before = clock.course
    assert clock.wait_for_jump(before)
    assert clock.wait_for_jump(before)
    wall.on_wait = lambda: clock.close()
    assert not clock.wait_for_jump(clock.course)


def test_a_clock_is_not_driven_on_another_course() -> None:
    clock = Clock(start=START, rate=MAX, wall=FakeWall())
    before = clock.course
    clock.jump(START - timedelta(hours=5))
    clock.drive(START, before)
    assert clock.now() == START - timedelta(hours=5)
    clock.drive(START, clock.course)
    assert clock.now() == START


def test_a_paused_clock_is_not_driven_and_resumes_at_the_greatest_rate() -> None:
    clock = Clock(start=START, rate=MAX, wall=FakeWall())
    clock.pause()
    clock.drive(START + timedelta(hours=1), clock.course)
    assert clock.now() == START
    clock.resume()
    clock.drive(START + timedelta(hours=1), clock.course)
    assert (clock.now(), clock.rate) == (START + timedelta(hours=1), MAX)
