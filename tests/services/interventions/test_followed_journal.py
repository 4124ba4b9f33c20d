"""Feeders of other processes follow the journal of a shared store, also one that was away."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from services.feeders.feeder import FEEDERS, Feeder, FeederKind
from services.interventions.followed_journal import FollowedJournal
from services.interventions.in_process import LEAD_S, InProcessInterventions
from simulator.city import City
from simulator.clock import Clock
from storage.errors import StoreUnavailable
from tests.services.fakes import MINUTE, NOW, RUN, FaultyStore, HandWall
from tests.services.moved_city import TICK
from tests.services.steered_city import INPUTS, check_bytes

SURGE: dict[str, object] = {"surge": {"stop": "S002", "people_per_min": 40}}


def feeder_of(kind: FeederKind, store: FaultyStore, clock: Clock, city: City) -> Feeder:
    """A feeder of a process of its own."""
    followed = FollowedJournal(INPUTS, city, store, often=True)
    return Feeder(kind, model=city, store=store, run=RUN, clock=clock, start=TICK, writing=followed.writing)


def test_all_feeders_learn_of_an_intervention_before_it_counts() -> None:
    store, wall = FaultyStore(), HandWall()
    clock = Clock(start=NOW, rate=2, wall=wall)
    server = InProcessInterventions(INPUTS, None, store, clock, lead_s=LEAD_S)
    with closing(INPUTS.city(1)) as one, closing(INPUTS.city(1)) as other:
        people, _, positions = (
            feeder_of(kind, store, clock, city) for kind, city in zip(FEEDERS, (one, one, other), strict=True)
        )
        for feeder in (people, positions):
            feeder.catch_up(clock.now())
        made = server.intervene(SURGE)
        assert made.takes_effect == NOW + timedelta(seconds=2 * LEAD_S)
        wall.advance(5 * MINUTE)
        people.catch_up(clock.now())  # the other one is away
        store.failing, store.failures = StoreUnavailable("gone"), 1
        with pytest.raises(StoreUnavailable):
            positions.catch_up(clock.now())
        store.failing = None
        positions.catch_up(clock.now())
    check_bytes(store)


def test_a_second_server_goes_on_from_what_the_first_has_stored() -> None:
    store, clock = FaultyStore(), Clock(start=NOW, wall=HandWall())
    first, second = (InProcessInterventions(INPUTS, None, store, clock, lead_s=LEAD_S) for _ in range(2))
    assert [server.intervene(each).number for server, each in ((first, SURGE), (second, BREAKDOWN))] == [1, 2]
    assert first.scenario != second.scenario
    first.follow_journal()
    assert first.scenario == second.scenario
    assert first.end("2").number == 2


BREAKDOWN: dict[str, object] = {"breakdown": {"bus": "B001", "repair_min": 5}}
