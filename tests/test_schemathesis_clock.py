"""`/clock` holds to its description, too: no fault, no undescribed answer, whatever is sent."""

from __future__ import annotations

import dataclasses
from typing import Any

import hypothesis
import pytest
import schemathesis

from services.app import create_app
from services.feeders.clock_control import InProcessClockControl
from simulator.clock import Clock
from tests.examples import examples
from tests.services.fakes import NOW, RUN, FaultyStore, FormulaCity, HandWall
from tests.services.live_city import city_context
from tests.test_schemathesis import CHECKS, HEADERS

pytestmark = pytest.mark.integration


def described() -> schemathesis.BaseSchema:
    """The description of an application whose clock can be moved, of that route only."""
    store, clock = FaultyStore(), Clock(start=NOW, wall=HandWall())
    control = InProcessClockControl(clock, FormulaCity(), store, RUN)
    context = dataclasses.replace(city_context(store=store), clock=clock, control=control)
    found = schemathesis.openapi.from_asgi("/openapi.json", create_app(context))
    return found.include(path="/clock")


schema = described()


@schema.parametrize()
@examples(100, suppress=list(hypothesis.HealthCheck), derandomize=True)
def test_every_answer_is_described(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(headers=HEADERS, checks=CHECKS)
