"""`/interventions`: who may disturb the city, bodies, refusals in their order, OpenAPI."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from services.access.allowed_hosts import hosts_for
from services.access.key_ring import parse_keys
from services.agents.tools import CONTROL_TOOLS, TOOLS
from services.app import create_app
from services.interventions.bodies import InterventionBody, JournalBody
from services.interventions.in_process import InProcessInterventions
from services.web import openapi
from simulator.clock import Clock
from simulator.scenario.scenario import Scenario
from tests.services.fakes import NOW, HandWall
from tests.services.live_city import city_context
from tests.services.steered_city import INPUTS
from tests.storage.conformance.model import ModelStore

KEY = {"x-api-key": "right", "x-group-name": "organisers"}
TEAM = {"x-api-key": "theirs", "x-group-name": "team-alpha"}
SURGE = {"surge": {"stop": "S002", "people_per_min": 40, "to": "2026-03-02T08:00:00Z"}}
EARLIEST = "2026-03-02T07:30:10Z"


class Asked:
    """An application over a store without data, and requests to it."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] = KEY
    ) -> httpx.Response:
        async def request() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, headers=headers, json=body)

        return asyncio.run(request())


class FollowingCity:
    """A model that keeps the scenario it was told to follow."""

    scenario: Scenario | None = None

    def follow(self, scenario: Scenario) -> None:
        self.scenario = scenario


@pytest.fixture
def asked() -> Asked:
    store, clock = ModelStore(), Clock(start=NOW, wall=HandWall())
    context = dataclasses.replace(
        city_context(),
        store=store,
        network=INPUTS.network,
        clock=clock,
        key=parse_keys('{"api_key": "right", "keys": {"team-alpha": "theirs"}}'),
        mcp_hosts=hosts_for("127.0.0.1", ()),
        interventions=InProcessInterventions(INPUTS, FollowingCity(), store, clock),
    )
    return Asked(create_app(context))


def test_an_intervention_is_made_listed_and_ended(asked: Asked) -> None:
    made = asked("POST", "/interventions", SURGE)
    assert made.status_code == 201
    body = made.json()
    InterventionBody.model_validate(body, strict=True)
    disruption = {"surge": SURGE["surge"] | {"from": EARLIEST}}
    assert body == {
        "id": "1",
        "takes_effect": EARLIEST,
        "ends": "2026-03-02T08:00:00Z",
        "state": "active",
        "disruption": disruption,
    }
    listed = asked("GET", "/interventions", headers=TEAM)
    JournalBody.model_validate(listed.json(), strict=True)
    assert listed.json()["items"] == [body]
    ended = asked("DELETE", "/interventions/1")
    assert (ended.status_code, ended.json()["state"]) == (200, "withdrawn")
    assert asked("GET", "/interventions").json()["items"] == [ended.json()]
    later = "2026-03-02T07:50:00Z"
    asked("POST", "/interventions", {"surge": SURGE["surge"] | {"from": later}})
    assert asked("DELETE", "/interventions/2").json()["ends"] == later


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "message"),
    [
        ("POST", "/interventions", {}, SURGE, 401, "Missing x-api-key header"),
        ("POST", "/interventions", TEAM, SURGE, 403, "Only the main API key"),
        ("DELETE", "/interventions/1", TEAM, None, 403, "Only the main API key"),
        ("PUT", "/interventions", KEY, SURGE, 405, "Method not allowed"),
        ("POST", "/interventions", KEY, [], 400, "Invalid JSON"),
        ("POST", "/interventions", KEY, {"tram": {}}, 400, "unknown kind"),
        ("DELETE", "/interventions/1?soon=1", KEY, None, 400, "Unknown parameter: soon"),
        ("DELETE", "/interventions/1", KEY, None, 404, "Intervention 1 not found"),
    ],
)
def test_refusals(
    asked: Asked, method: str, path: str, headers: Mapping[str, str], body: object, status: int, message: str
) -> None:
    answer = asked(method, path, body, headers)
    assert (answer.status_code, message in answer.json()["message"]) == (status, True), answer.text


def test_all_errors_come_at_once_and_a_late_one_is_told_the_earliest_moment(asked: Asked) -> None:
    wrong = {"surge": {"stop": "S999", "people_per_min": -1, "form": "08:00"}}
    answer = asked("POST", "/interventions", wrong).json()
    assert len(answer["errors"]) >= 2
    assert answer["message"] == "; ".join(answer["errors"])
    late = {"surge": SURGE["surge"] | {"from": "2026-03-02T07:00:00Z"}}
    answer = asked("POST", "/interventions", late).json()
    assert answer["error"] == "Conflict"
    assert answer["earliest"] == EARLIEST


def test_without_control_interventions_are_read_only_and_the_answer_says_how_to_allow_them() -> None:
    asked = Asked(create_app(city_context()))
    listed = asked("GET", "/interventions").json()
    assert {name: listed[name] for name in ("digest", "items")} == {"digest": "", "items": []}
    refused = asked("POST", "/interventions", SURGE)
    assert refused.status_code == 405
    assert "--control" in refused.json()["hint"]


def test_pages_of_other_origins_may_use_them_where_control_is_allowed(asked: Asked) -> None:
    page = {"origin": "https://map.example", "access-control-request-method": "DELETE"}
    assert asked("OPTIONS", "/interventions/1", headers=page).status_code == 200


def test_agents_with_the_main_key_disturb_the_city_too(asked: Asked) -> None:
    listed = {tool["name"] for tool in asked("POST", "/mcp/list-tools").json()["data"]}
    assert listed == {*TOOLS, *CONTROL_TOOLS}
    call = {"kind": "surge", "fields": SURGE["surge"]}
    assert asked("POST", "/tools/intervene", call, TEAM).status_code == 403
    made = asked("POST", "/tools/intervene", call).json()
    assert (made["success"], made["data"][0]["id"]) == (True, "1")
    assert asked("POST", "/tools/list_interventions", {}, TEAM).json()["data"] == made["data"]
    ended = asked("POST", "/tools/end_intervention", {"intervention_id": "1"}).json()
    assert ended["data"][0]["state"] == "withdrawn"
    wrong = asked(
        "POST", "/tools/intervene", {"kind": "breakdown", "fields": {"bus": "B999", "repair_min": 5}}
    )
    assert (wrong.status_code, "B999" in wrong.json()["error"]) == (400, True)


def test_the_description_has_every_status(asked: Asked) -> None:
    found = openapi.document(asked.app)["paths"]
    assert set(found["/interventions"]) == {"get", "post"}
    assert set(found["/interventions/{intervention_id}"]) == {"delete"}
    assert {"201", "400", "401", "403", "409"} <= set(found["/interventions"]["post"]["responses"])
