"""Reloading of a changed network: when it takes effect, and what is refused."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from services.errors import InputError
from services.inputs.load import Inputs
from services.inputs.network_reload import NetworkChange, ReloadableInputs, fixed_inputs, watching
from services.times import HOUR, ceiling
from simulator.clock import Clock
from storage.errors import DependencyUnavailable
from tests.services.fakes import NOW, OTHER_RUN, RUN, HandWall, network

STANDING = Clock(start=NOW, paused=True)
OLD, NEW = Inputs(network(), 1, RUN), Inputs(network(), 1, OTHER_RUN)


class Kept:
    """Inputs that may change, and whose loading may fail."""

    def __init__(self) -> None:
        self.inputs, self.changed = OLD, False
        self.failing: Exception | None = None
        self.changing = ReloadableInputs(self._load, lambda: self.changed)

    def _load(self) -> Inputs:
        if self.failing is not None:
            raise self.failing
        return self.inputs


def test_a_new_network_takes_effect_at_the_next_whole_hour() -> None:
    kept = Kept()
    assert kept.changing.reload(STANDING, 10) is None
    kept.changed = True
    assert kept.changing.reload(STANDING, 10) is None
    kept.inputs = NEW
    assert kept.changing.reload(STANDING, 10) == NetworkChange(NEW, ceiling(NOW, HOUR))
    assert kept.changing.current is NEW


def test_an_invalid_network_is_refused_with_all_its_errors(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    kept.changed, kept.failing = True, InputError("line 3: one\nline 9: another")
    assert kept.changing.reload(STANDING, 10) is None
    kept.failing = DependencyUnavailable("away")
    assert kept.changing.reload(STANDING, 10) is None
    assert kept.changing.current is OLD
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert "line 3: one\nline 9: another" in caplog.text


def test_a_change_is_reported_once() -> None:
    kept, clock, told = Kept(), Clock(), []

    def tell(change: NetworkChange) -> None:
        told.append(change.inputs)

    kept.changed, kept.inputs = True, NEW
    with watching(kept.changing, 0.01, clock, tell):
        while not told:
            clock.rest(0.01)
        clock.rest(0.05)
    assert told == [NEW]
    assert fixed_inputs(OLD).reload(STANDING, 10) is None


def test_all_processes_switch_at_the_hour_after_the_network_was_replaced() -> None:
    """Under a clock of rate 60 one looks at 19:54, another at 20:03: both have time until 21:00."""
    wall = HandWall()
    start = NOW.replace(hour=19, minute=54)
    clock, replaced_at = Clock(start=start, rate=60, wall=wall), wall.time()
    for waits_s in (0, 9):
        inputs = ReloadableInputs(KeptOnce(), lambda: True, replaced_at=lambda: replaced_at)
        wall.advance(timedelta(seconds=waits_s))
        change = inputs.reload(clock, 10)
        assert change is not None
        assert change.begins == start.replace(hour=21, minute=0, second=0)
    clock.jump(NOW)
    assert clock.at(replaced_at) == NOW, "no instant is before a jump"


class KeptOnce:
    """The old inputs at first, then the new ones."""

    def __init__(self) -> None:
        self._loads = iter((OLD, NEW))

    def __call__(self) -> Inputs:
        return next(self._loads)
