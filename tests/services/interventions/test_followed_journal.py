"""Feeders of other processes follow the journal of a shared store, also one that was away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from services.errors import Conflict
from services.feeders.feeder import FEEDERS, Feeder, FeederKind
from services.interventions.followed_journal import FollowedJournal
from services.interventions.in_process import ATTEMPTS, LEAD_S, InProcessInterventions
from services.interventions.stored_journal import stored_journal
from simulator.city import City
from simulator.clock import Clock
from storage.errors import StoreUnavailable
from storage.journal import NEVER, refuse_written_ahead
from storage.schema import Stream
from storage.store import Covered, JournalEntry
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


class SlowStore(FaultyStore):
    """A store to which entries of the journal come late: `delay` is called between check and write."""

    def __init__(self, delay: Callable[[], None]) -> None:
        super().__init__()
        self.delay = delay

    def record(self, entry: JournalEntry, *, changes_from: datetime) -> None:
        refuse_written_ahead(entry, changes_from, self.coverage)
        if changes_from != NEVER:
            self.delay()
        self.entries[entry.number] = entry


@pytest.mark.parametrize("times", [1, 2, ATTEMPTS])
def test_what_is_stored_too_late_is_withdrawn_and_made_again(times: int) -> None:
    """Feeders have written windows without it between the check of the coverage and the write."""
    left = [times]

    def delay() -> None:
        if left[0]:
            left[0] -= 1
            wall.advance(2 * MINUTE)
            feed()

    store, wall = SlowStore(delay), HandWall()
    clock = Clock(start=NOW, wall=wall)
    server = InProcessInterventions(INPUTS, None, store, clock, lead_s=LEAD_S)
    with closing(INPUTS.city(1)) as city:
        feeders = [feeder_of(kind, store, clock, city) for kind in FEEDERS]

        def feed() -> None:
            for feeder in feeders:
                feeder.catch_up(clock.now())

        feed()
        if times == ATTEMPTS:
            with pytest.raises(Conflict, match="the change came too late"):
                server.intervene(SURGE)
        else:
            made = server.intervene(SURGE)
            assert made.takes_effect == clock.now() + timedelta(seconds=LEAD_S)
        journal = stored_journal(store)
        assert [each.withdrawn for each in journal.interventions] == [True] * times + [False] * (
            times < ATTEMPTS
        )
        wall.advance(5 * MINUTE)
        feed()
    check_bytes(store)


def test_an_end_that_is_stored_too_late_is_undone_and_made_again() -> None:
    late: list[timedelta] = []
    store, wall = SlowStore(lambda: wall.advance(late.pop() if late else 0 * MINUTE)), HandWall()
    clock = Clock(start=NOW, wall=wall)
    server = InProcessInterventions(INPUTS, None, store, clock, lead_s=LEAD_S)
    server.intervene(SURGE)
    wall.advance(MINUTE)
    late.append(MINUTE)
    server.end("1")
    (ended,) = stored_journal(store).interventions
    assert ended.ends == clock.now() + timedelta(seconds=LEAD_S)


def test_what_would_be_stored_too_late_is_not_stored() -> None:
    """The process was held up before the write, for instance while it checked the request."""
    store, wall = FaultyStore(), HandWall()
    clock = Clock(start=NOW, wall=wall)
    late = [timedelta(seconds=LEAD_S)]
    server = InProcessInterventions(INPUTS, None, store, clock, lead_s=LEAD_S)
    coverage = store.coverage

    def slow_coverage(stream: Stream) -> Sequence[Covered]:
        if late:
            wall.advance(late.pop())
        return coverage(stream)

    store.coverage = slow_coverage  # type: ignore[method-assign]  # slow for this test only
    made = server.intervene(SURGE)
    assert list(store.journal()) == [made]
    assert made.takes_effect == clock.now() + timedelta(seconds=LEAD_S)


def test_a_second_server_goes_on_from_what_the_first_has_stored() -> None:
    store, clock = FaultyStore(), Clock(start=NOW, wall=HandWall())
    first, second = (InProcessInterventions(INPUTS, None, store, clock, lead_s=LEAD_S) for _ in range(2))
    assert [server.intervene(each).number for server, each in ((first, SURGE), (second, BREAKDOWN))] == [1, 2]
    assert first.scenario != second.scenario
    first.follow_journal()
    assert first.scenario == second.scenario
    assert first.end("2").number == 2


BREAKDOWN: dict[str, object] = {"breakdown": {"bus": "B001", "repair_min": 5}}
