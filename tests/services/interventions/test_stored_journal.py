"""A journal with an intervention of a newer program: what follows it says so, or keeps its last scenario."""

from __future__ import annotations

import json

import pytest

from services.interventions.followed_journal import FollowedJournal
from services.interventions.followed_scenario import CHECK_S, FollowedScenario
from services.interventions.in_process import InProcessInterventions
from services.interventions.stored_journal import stored_journal
from simulator.clock import Clock
from simulator.scenario.scenario import Scenario
from storage.errors import StoreInvalid
from storage.store import JournalEntry
from tests.services.aws.tables import HandWatch
from tests.services.fakes import NOW, FaultyStore, HandWall
from tests.services.steered_city import INPUTS

FIELDS = {"id": "1", "takes_effect": "2026-03-02T12:00:00Z", "ends": None}
CLOSED = JournalEntry(1, NOW, json.dumps({**FIELDS, "disruption": {"closed_stop": {"stop": "S002"}}}))
UNKNOWN = JournalEntry(2, NOW, json.dumps({**FIELDS, "id": "2", "disruption": {"flood": {"stop": "S002"}}}))
SAID = "an intervention that this version doesn't know, so update it: flood Extra inputs are not permitted"


def store_with(*entries: JournalEntry) -> FaultyStore:
    store = FaultyStore()
    store.entries = {entry.number: entry for entry in entries}
    return store


def test_a_field_that_this_version_does_not_know_is_not_lost() -> None:
    newer = JournalEntry(1, NOW, json.dumps({**json.loads(CLOSED.text), "share": 0.5}))
    with pytest.raises(StoreInvalid, match=r"fields that this version doesn't know \(share\): a newer one"):
        stored_journal(store_with(newer))


class NoModel:
    """A model that must not follow."""

    def follow(self, scenario: Scenario | None) -> None:
        raise AssertionError(scenario)


def test_a_feeder_and_a_server_say_that_they_are_too_old() -> None:
    with pytest.raises(StoreInvalid, match=SAID):
        FollowedJournal(INPUTS, NoModel(), store_with(CLOSED, UNKNOWN), often=True).follow()
    with pytest.raises(StoreInvalid, match=SAID):
        InProcessInterventions(INPUTS, None, store_with(CLOSED, UNKNOWN), Clock(start=NOW, wall=HandWall()))


def test_functions_keep_the_last_scenario(caplog: pytest.LogCaptureFixture) -> None:
    store, watch = store_with(CLOSED), HandWatch()
    followed = FollowedScenario(None, 1, store, now_s=watch)
    disturbed = followed.current()
    assert disturbed is not None
    store.entries[2] = UNKNOWN
    watch.seconds += CHECK_S
    assert followed.current() is disturbed
    assert SAID in caplog.text
