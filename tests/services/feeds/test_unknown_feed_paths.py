"""Paths that look like a feed's and are none: 404 with the paths that there are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.app import create_app
from services.context import Context
from tests.services.rest_served import KEY, NO_KEY, Requester, in_process, parts

SIRI = "The feeds are /siri/stop-monitoring, /siri/vehicle-monitoring, /siri/estimated-timetable"
GTFS = "The feeds are /gtfs.zip, /gtfs-rt/vehicle-positions, /gtfs-rt/trip-updates, /gtfs-rt/alerts"
PLAIN = "Paths are in lower case, without a slash at the end: "
HINTS = {
    "/siri": SIRI,
    "/siri/": SIRI,
    "/siri/general-message": SIRI,
    "/SIRI/stop-monitoring?MonitoringRef=S001": f"{PLAIN}/siri/stop-monitoring",
    "/siri/stop-monitoring/": f"{PLAIN}/siri/stop-monitoring",
    "/gtfs-rt": GTFS,
    "/gtfs-rt/": GTFS,
    "/gtfs-rt/trip-update": GTFS,
    "/GTFS-RT/Alerts?format=json": f"{PLAIN}/gtfs-rt/alerts",
    "/gtfs": GTFS,
    "/GTFS.zip": f"{PLAIN}/gtfs.zip",
}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return parts(tmp_path_factory.mktemp("store"))[0]


@pytest.fixture(scope="module")
def hosted(context: Context) -> Requester:
    """The API on an address that other machines reach."""
    return in_process(create_app(context))


@pytest.fixture(scope="module")
def local(context: Context) -> Requester:
    """The API on a loopback address."""
    return in_process(create_app(replace(context, open_feeds=True)))


@pytest.mark.parametrize("path", HINTS)
def test_the_answer_names_the_feeds(path: str, local: Requester, hosted: Requester) -> None:
    for answer in (local(path, NO_KEY), local(path), hosted(path)):
        assert (answer.status_code, answer.json()) == (
            404,
            {"error": "NotFound", "message": "Not found", "hint": HINTS[path]},
        )
    assert hosted(path, NO_KEY).status_code == 401
    in_query = f"{path}{'&' if '?' in path else '?'}key={KEY['x-api-key']}&group=me"
    assert hosted(in_query, NO_KEY).status_code == 404


@pytest.mark.parametrize("path", ["/emt/v1/busemtmad", "/EMT/v1/mobilitylabs/user/login/", "/Emt"])
def test_emts_paths_are_answered_in_emts_shape(path: str, hosted: Requester) -> None:
    answer = hosted(path, NO_KEY)
    assert answer.status_code == 404
    assert answer.json()["code"] == "90"
    assert "v1/mobilitylabs/user/login/" in answer.json()["description"]


def test_other_unknown_paths_are_as_before(local: Requester) -> None:
    assert local("/nowhere", NO_KEY).status_code == 401
    assert local("/nowhere").json() == {"error": "NotFound", "message": "Not found"}


def test_a_format_may_be_in_any_case(local: Requester) -> None:
    for path in ("/gtfs-rt/alerts?format=JSON", "/siri/vehicle-monitoring?FORMAT=Json"):
        answer = local(path, NO_KEY)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
