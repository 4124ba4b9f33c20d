"""The status of feeders in other processes, from what they have written."""

from __future__ import annotations

from datetime import timedelta

from services.feeders.feeder import FEEDERS, Feeder
from services.feeders.feeder_status import observed_feeders
from simulator.clock import Clock
from storage.schema import Stream
from tests.services.fakes import MINUTE, NOW, RUN, FaultyStore, FormulaCity


def test_a_feeders_status_follows_from_what_it_has_written() -> None:
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
