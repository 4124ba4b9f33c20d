"""The shared clock: its encoding, followers, and states that are ignored."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.aws.ssm_clock import (
    SsmClock,
    SsmClockParameter,
    clock_state_from_json,
    clock_state_to_json,
    following,
)
from simulator.clock import Clock, ClockState, Course
from storage.errors import DependencyInvalid, DependencyUnavailable
from tests.services.aws.fake_aws import FakeClient

MONDAY = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HELD_UP_S = 0.2


class Parameter:
    """A parameter with a value."""

    def __init__(self, text: str = "{}") -> None:
        self.text = text
        self.client = FakeClient(get_parameter=self._read, put_parameter=self._written)
        self.parameter = SsmClockParameter(self.client, "/the/clock")

    def _read(self, **_: object) -> object:
        return {"Parameter": {"Value": self.text}}

    def _written(self, **request: str) -> None:
        self.text = request["Value"]


class HeldUpClock(SsmClock):
    """A clock whose `follow` is held up as it asks how new its own state is: `meanwhile` is called there."""

    meanwhile: Callable[[], None] | None = None

    @property
    def changes(self) -> int:
        found = super().changes
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return found


def standing(instant: datetime, *, course: int = 0, changes: int = 1) -> str:
    wall = datetime(2026, 11, 25, tzinfo=UTC).timestamp()
    return clock_state_to_json(ClockState(instant, wall, 60.0, True, Course(course, instant), changes))


def test_a_clock_state_survives_encoding() -> None:
    state = ClockState(MONDAY, 1795577691.123456, 60.0, False, Course(3, MONDAY - SECOND), 7)
    assert clock_state_from_json(clock_state_to_json(state)) == state


def test_an_empty_parameter_is_wall_time() -> None:
    clock = SsmClock(Parameter().parameter)
    clock.follow()
    assert abs(clock.now() - Clock().now()) < SECOND


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("no JSON", "Expecting value"),
        ("[]", "a JSON object"),
        ('{"rat": 2}', "a JSON object"),
        ('{"rate": 2}', "need anchor"),
        ('{"anchor": "2026-03-02"}', "go together"),
        ('{"anchor": "2026-03-02", "wall_anchor": "2026-11-25", "rate": 0}', "rate must be"),
        ('{"anchor": "2026-03-02", "wall_anchor": "2026-11-25", "rate": "max"}', "rate must be"),
        ('{"anchor": "2026-03-02", "wall_anchor": "2026-11-25", "paused": 1}', "paused must be"),
        ('{"anchor": "then", "wall_anchor": "2026-11-25"}', "not an ISO 8601 time"),
        ('{"anchor": 5, "wall_anchor": "2026-11-25"}', "must be an ISO 8601 time"),
        ('{"course": -1}', "course must be a whole number"),
    ],
)
def test_an_invalid_parameter_is_refused_and_leaves_the_clock_unchanged(text: str, wrong: str) -> None:
    kept = Parameter(standing(MONDAY))
    clock = SsmClock(kept.parameter)
    clock.follow()
    kept.text = text
    with pytest.raises(DependencyInvalid, match=wrong):
        clock.follow()
    assert (clock.now(), clock.paused) == (MONDAY, True)


def test_two_clocks_that_follow_one_parameter_show_the_same_instant() -> None:
    kept = Parameter(standing(MONDAY))
    one, other = SsmClock(kept.parameter), SsmClock(kept.parameter)
    before = one.state
    one.jump(MONDAY + timedelta(hours=2))
    one.set_rate(60.0)
    one.share(before)
    other.follow()
    assert other.course == Course(1, MONDAY + timedelta(hours=2))
    assert abs(one.now() - other.now()) < SECOND
    assert (one.rate, other.rate) == (60.0, 60.0)


def test_a_change_that_cannot_be_written_is_undone() -> None:
    kept = Parameter(standing(MONDAY))
    clock = SsmClock(kept.parameter)
    clock.follow()
    kept.client.away = True
    before = clock.state
    clock.jump(MONDAY - timedelta(days=1))
    with pytest.raises(DependencyUnavailable, match="/the/clock can't be written"):
        clock.share(before)
    assert clock.state == before


def test_an_older_state_in_the_parameter_is_ignored() -> None:
    kept = Parameter(standing(MONDAY, changes=5))
    clock = SsmClock(kept.parameter)
    clock.follow()
    kept.text = standing(MONDAY - timedelta(days=1), changes=4)
    clock.follow()
    assert clock.now() == MONDAY
    kept.text = standing(MONDAY - timedelta(days=1), changes=6)
    clock.follow()
    assert clock.now() == MONDAY - timedelta(days=1)


def test_a_jump_wakes_a_waiting_feeder(caplog: pytest.LogCaptureFixture) -> None:
    kept = Parameter(standing(MONDAY))
    clock = SsmClock(kept.parameter)
    clock.follow()
    course = clock.course
    with following(clock):
        kept.text = standing(MONDAY + timedelta(hours=1), course=1, changes=2)
        assert clock.wait_for_jump(course)
    assert clock.closed
    assert json.loads(kept.text)["course"] == clock.course.number


def test_a_follower_that_is_held_up_does_not_put_the_clock_back() -> None:
    """It has read the parameter before a step of the same process, and compares it only afterwards."""
    parameter = Parameter(standing(MONDAY))
    clock = HeldUpClock(parameter.parameter)
    clock.follow()
    before = clock.state

    def step() -> None:
        clock.step(SECOND)
        clock.share(before)

    stepping = threading.Thread(target=step)

    def held_up() -> None:
        stepping.start()
        stepping.join(HELD_UP_S)

    clock.meanwhile = held_up
    clock.follow()
    stepping.join()
    assert clock.now() == MONDAY + SECOND
