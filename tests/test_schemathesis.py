"""The API holds to its own description, whatever schemathesis thinks up: no fault, no undescribed answer."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi import checks

from services.app import create_app
from services.feeders.backfill import fill, plan
from tests.examples import examples
from tests.services.fakes import HOUR, NOW, RUN, FaultyStore, FormulaCity
from tests.services.live_city import city_context

pytestmark = pytest.mark.integration

HEADERS = {"x-api-key": "right", "x-group-name": "tests"}
CHECKS: list[CheckFunction] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def described() -> schemathesis.BaseSchema:
    """The description of an application with an hour of data."""
    store = FaultyStore()
    windows = plan(store, NOW - HOUR, NOW, newest_first=False)
    list(fill(windows, model=FormulaCity(), store=store, run=RUN))
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(city_context(store=store)))


schema = described()


@schema.parametrize()
@examples(60, suppress=list(hypothesis.HealthCheck), derandomize=True)
def test_every_answer_is_described(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(headers=HEADERS, checks=CHECKS)
