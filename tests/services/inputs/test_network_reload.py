"""A network that becomes another one: from when it counts, and what is refused."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from services.errors import InputError
from services.feeders.feeder import FEEDERS, Feeder, FeederKind
from services.feeders.feeder_status import observed_feeders
from services.inputs.load import Inputs
from services.inputs.network_reload import NetworkChange, ReloadableInputs, fixed_inputs, watching
from services.times import HOUR, ceiling
from simulator.clock import Clock
from storage.errors import DependencyUnavailable
from storage.schema import Stream
from storage.store import Covered
from tests.services.fakes import MINUTE, NOW, OTHER_RUN, RUN, FaultyStore, FormulaCity, fake_clock, network

OLD, NEW = Inputs(network(), 1, RUN), Inputs(network(), 1, OTHER_RUN)


class Kept:
    """Inputs that may change, and may fail to be had."""

    def __init__(self) -> None:
        self.inputs, self.changed = OLD, False
        self.failing: Exception | None = None
        self.changing = ReloadableInputs(self._load, lambda: self.changed)

    def _load(self) -> Inputs:
        if self.failing is not None:
            raise self.failing
        return self.inputs


def test_another_network_counts_from_the_next_whole_hour() -> None:
    kept = Kept()
    assert kept.changing.reload(NOW) is None
    kept.changed = True
    assert kept.changing.reload(NOW) is None
    kept.inputs = NEW
    assert kept.changing.reload(NOW) == NetworkChange(NEW, ceiling(NOW, HOUR))
    assert kept.changing.current is NEW


def test_a_broken_one_is_refused_with_all_that_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    kept = Kept()
    kept.changed, kept.failing = True, InputError("line 3: one\nline 9: another")
    assert kept.changing.reload(NOW) is None
    kept.failing = DependencyUnavailable("away")
    assert kept.changing.reload(NOW) is None
    assert kept.changing.current is OLD
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert "line 3: one\nline 9: another" in caplog.text


def test_whoever_watches_is_told_once() -> None:
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


@pytest.mark.parametrize("kind", FEEDERS)
def test_a_feeder_covers_up_to_its_end_and_no_further(kind: FeederKind) -> None:
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


def test_feeders_of_other_processes_are_known_by_what_they_wrote() -> None:
    store, clock = FaultyStore(), Clock(start=NOW, paused=True)
    (first, *_) = feeders = observed_feeders(store, clock)
    assert {feeder.status(NOW).state for feeder in feeders} == {"stopped"}
    city = FormulaCity()
    for kind in FEEDERS:
        Feeder(kind, model=city, store=store, run=RUN, clock=clock, start=NOW - 10 * MINUTE).catch_up(NOW)
    assert {(f.status(NOW).state, f.status(NOW).lag) for f in feeders} == {("running", timedelta())}
    assert first.status(NOW + 10 * MINUTE).state == "stopped"
    assert first.status(NOW + 10 * MINUTE).lag == 10 * MINUTE
    assert list(store.coverage(Stream.PEOPLE_COUNT))
