"""Reloading of a changed network: when it takes effect, and what is refused."""

from __future__ import annotations

import logging

import pytest

from services.errors import InputError
from services.inputs.load import Inputs
from services.inputs.network_reload import NetworkChange, ReloadableInputs, fixed_inputs, watching
from services.times import HOUR, ceiling
from simulator.clock import Clock
from storage.errors import DependencyUnavailable
from tests.services.fakes import NOW, OTHER_RUN, RUN, network

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
    assert kept.changing.reload(NOW) is None
    kept.changed = True
    assert kept.changing.reload(NOW) is None
    kept.inputs = NEW
    assert kept.changing.reload(NOW) == NetworkChange(NEW, ceiling(NOW, HOUR))
    assert kept.changing.current is NEW


def test_an_invalid_network_is_refused_with_all_its_errors(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    kept.changed, kept.failing = True, InputError("line 3: one\nline 9: another")
    assert kept.changing.reload(NOW) is None
    kept.failing = DependencyUnavailable("away")
    assert kept.changing.reload(NOW) is None
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
    assert fixed_inputs(OLD).reload(NOW) is None
