"""Moving the clock that parts share, as `POST /clock` of `serve` does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from services.aws.ssm_clock import SsmClock, SsmClockParameter
from services.aws.ssm_clock_control import SsmClockControl
from services.errors import BadRequest, Conflict
from simulator.clock import MAX
from storage.errors import DependencyUnavailable, TimeRefused
from storage.schema import Stream
from tests.services.aws.test_ssm_clock import MONDAY, Parameter, standing
from tests.services.fakes import OTHER_RUN, RUN, FaultyStore
from tests.storage.records import table

MINUTE = timedelta(minutes=1)


def control(kept: Parameter) -> SsmClockControl:
    return SsmClockControl(SsmClock(kept.parameter), FaultyStore(), RUN)


def test_other_processes_show_every_change() -> None:
    kept = Parameter(standing(MONDAY))
    mover, other = control(kept), SsmClock(SsmClockParameter(kept.client, "/the/clock"))
    changes: tuple[Callable[[], object], ...] = (
        lambda: mover.step(5 * MINUTE),
        lambda: mover.jump(MONDAY + timedelta(days=1)),
        lambda: mover.set_rate(60.0),
        mover.pause,
        mover.resume,
    )
    for change in changes:
        change()
        other.follow()
        assert other.state == mover.clock.state


def test_if_the_parameter_cannot_be_written_the_clock_is_unchanged() -> None:
    kept = Parameter(standing(MONDAY))
    mover = control(kept)
    mover.step(MINUTE)
    kept.client.away = True
    with pytest.raises(DependencyUnavailable):
        mover.step(MINUTE)
    assert mover.clock.now() == MONDAY + MINUTE


def test_rate_max_is_refused_on_a_shared_clock() -> None:
    with pytest.raises(BadRequest, match="share a clock"):
        control(Parameter()).set_rate(MAX)


def test_a_jump_to_data_of_another_run_is_a_conflict_on_a_shared_clock() -> None:
    mover = control(Parameter(standing(MONDAY)))
    empty, until = table(Stream.PEOPLE_COUNT, []), MONDAY + timedelta(days=2)
    mover.store.write(Stream.PEOPLE_COUNT, empty, covers=(MONDAY, until), run=OTHER_RUN)
    with pytest.raises(Conflict, match="another run"):
        mover.jump(MONDAY + timedelta(days=1))
    assert mover.clock.course.number == 0


@pytest.mark.parametrize("change", ["step", "jump"])
def test_a_time_that_the_store_cannot_follow_is_a_conflict(change: str) -> None:
    kept, later = Parameter(standing(MONDAY)), MONDAY + 60 * MINUTE

    def check_time(instant: datetime) -> None:
        assert instant == later
        raise TimeRefused("The record timestamp is outside the time range")

    mover = dataclasses.replace(control(kept), check_time=check_time)
    mover.clock.follow()
    with pytest.raises(Conflict, match=r"Can't move the clock to 2026-.* outside the time range"):
        mover.step(60 * MINUTE) if change == "step" else mover.jump(later)
    assert (mover.clock.now(), kept.text) == (MONDAY, standing(MONDAY))


def test_the_clocks_keeper_replaces_an_older_state() -> None:
    kept = Parameter(standing(MONDAY))
    mover = SsmClockControl(SsmClock(kept.parameter, keeps=True), FaultyStore(), RUN)
    mover.step(MINUTE)
    now = kept.text
    kept.text = standing(MONDAY)
    mover.clock.follow()
    assert kept.text == now
