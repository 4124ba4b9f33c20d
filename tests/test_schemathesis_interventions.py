"""Requests to `/interventions`, generated from its description and from disruptions with wrong values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies as st

from services.app import create_app
from services.interventions.in_process import InProcessInterventions
from simulator.clock import Clock
from tests.examples import examples
from tests.interventions import disruptions
from tests.services.fakes import NOW, HandWall
from tests.services.live_city import city_context
from tests.services.steered_city import INPUTS, NETWORK
from tests.services.web.test_intervention_routes import KEY, Asked, FollowingCity
from tests.storage.conformance.model import ModelStore
from tests.test_schemathesis import CHECKS, HEADERS

pytestmark = [pytest.mark.integration, pytest.mark.long]

ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, True, -1, 1e300, "", "S001", "08:00", "2026-03-02T08:00:00Z", [], ["S001"], {}, 2**70]
)
"""Values of which each is wrong for most fields."""


def disturbed() -> Asked:
    """An application that takes interventions, over a model that only keeps the scenario."""
    store, clock = ModelStore(), Clock(start=NOW, wall=HandWall())
    control = InProcessInterventions(INPUTS, FollowingCity(), store, clock)
    context = dataclasses.replace(
        city_context(), store=store, network=NETWORK, clock=clock, interventions=control
    )
    return Asked(create_app(context))


schema = schemathesis.openapi.from_asgi("/openapi.json", disturbed().app).include(
    path_regex="^/interventions"
)


@schema.parametrize()
@examples(60, suppress=list(hypothesis.HealthCheck), derandomize=True)
def test_every_response_is_described(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(headers=HEADERS, checks=CHECKS)


@st.composite
def disruptions_with_odd_values(draw: st.DrawFn) -> Mapping[str, Mapping[str, object]]:
    """A disruption of which some fields may be wrong, too many or missing."""
    ((kind, fields),) = draw(disruptions(NETWORK)).items()
    names = [*fields, "from", "to", "at", "tram"]
    odd = draw(st.dictionaries(st.sampled_from(names), ODD, max_size=2))
    missing = draw(st.sets(st.sampled_from(names), max_size=1))
    return {kind: {name: value for name, value in {**fields, **odd}.items() if name not in missing}}


@examples(40, derandomize=True)
@hypothesis.given(
    st.lists(disruptions_with_odd_values(), min_size=1, max_size=5),
    st.lists(st.sampled_from(["1", "2", "3", "0", "-1", "x", "1.0", "%00", "9" * 40]), max_size=5),
)
def test_odd_disruptions_are_made_or_refused_with_reasons(
    bodies: list[Mapping[str, Mapping[str, object]]], ended: list[str]
) -> None:
    asked = disturbed()
    made = 0
    for body in bodies:
        answer = asked("POST", "/interventions", body, KEY)
        assert answer.status_code in (201, 400, 409), answer.text
        made += answer.status_code == 201
        assert answer.status_code == 201 or answer.json()["message"]
    for each in ended:
        answer = asked("DELETE", f"/interventions/{each}", headers=KEY)
        assert answer.status_code in (200, 404, 409), answer.text
    assert len(asked("GET", "/interventions", headers=KEY).json()["items"]) == made
