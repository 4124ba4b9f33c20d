"""HTTP as clients expect it: HEAD, unknown parameters and paths, challenges, times in another zone."""

from __future__ import annotations

import csv
import io
import re

import pytest

from services.queries.bodies import CHALLENGE
from services.web.openapi_examples import VALUES
from services.web.openapi_operations import OPERATIONS
from tests.case_table import each_case
from tests.services.rest_served import KEY, NO_KEY, Served

pytestmark = pytest.mark.integration

RANGE = "start=2026-03-02T07:00Z&end=2026-03-02T07:03Z"


@pytest.mark.parametrize(
    "path",
    [
        "/people-count/S001?mode=latest",
        f"/sensors/bus/B001?{RANGE}",
        "/lines/L1",
        "/stops",
        "/health",
        "/clock",
        "/people-count/S999?mode=latest",
        "/people-count/S001",
        "/nowhere",
    ],
)
def test_head_has_the_headers_of_get_and_no_body(anywhere: Served, path: str) -> None:
    got, head = anywhere.ask(path), anywhere.ask(path, method="HEAD")
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/people-count/S001?mod=latest", "Unknown parameter: mod. Did you mean mode?"),
        (
            "/people-count/S999?mode=latest&TimeStamp=x",
            "Unknown parameter: TimeStamp. Did you mean timestamp?",
        ),
        ("/bus-position/line/L1?mode=latest&format=csv", "Unknown parameter: format. Known are "),
        ("/lines/L1?mode=latest", "Unknown parameter: mode. Known are tz"),
        ("/stops?limt=5", "Unknown parameter: limt. Did you mean limit?"),
        ("/health?verbose=1", "Unknown parameter: verbose. Known are tz"),
        ("/stops?" + "x" * 5000 + "=", "Unknown parameter: " + "x" * 100 + "…. Known are "),
    ],
)
def test_an_unknown_parameter_is_refused_with_the_nearest_name(
    anywhere: Served, path: str, message: str
) -> None:
    answer = anywhere.ask(path)
    assert (answer.status_code, answer.json()["error"]) == (400, "BadRequest")
    assert answer.json()["message"].startswith(message)


@each_case("template", OPERATIONS)
def test_every_described_route_refuses_unknown_parameters(served: Served, template: str) -> None:
    path = re.sub(r"\{(\w+)\}", lambda name: VALUES.get(name[1], "x"), template)
    answer = served.ask(f"{path}?nonsense=1")
    assert (answer.status_code, answer.json()["error"]) == (400, "BadRequest")
    assert answer.json()["message"].startswith("Unknown parameter: nonsense.")


@each_case(
    "path, known",
    [
        ("/people-count/S001/", "/people-count/{stop_id}"),
        ("/people-count/S001/history", "/people-count/{stop_id}"),
        ("/bus-position/line/L1/more", "/bus-position/line/{line_id}"),
        ("/lines/L1/stops", "/lines/{line_id}"),
        ("/stops/S001/x/y", "/stops/{stop_id}"),
    ],
)
def test_below_a_known_path_404_names_what_there_is(anywhere: Served, path: str, known: str) -> None:
    answer = anywhere.ask(path)
    assert (answer.status_code, answer.json()["message"]) == (404, "Not found")
    assert known in answer.json()["hint"].removeprefix("The API has ").split(", ")


@pytest.mark.parametrize("path", ["/people-count/S001?mode=latest", "/nowhere"])
@pytest.mark.parametrize("headers", [NO_KEY, KEY | {"x-api-key": "wrong"}])
def test_401_has_a_challenge(served: Served, path: str, headers: dict[str, str]) -> None:
    answer = served.ask(path, headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize(
    "path", ["/favicon.ico", "/.well-known/oauth-protected-resource", "/.well-known/x/mcp"]
)
def test_what_clients_look_for_by_themselves_is_404_without_a_key(served: Served, path: str) -> None:
    answer = served.ask(path, NO_KEY)
    assert (answer.status_code, answer.json()) == (404, {"error": "NotFound", "message": "Not found"})


def test_times_are_in_the_zone_of_tz(anywhere: Served) -> None:
    plain = anywhere.ask("/people-count/S001?mode=latest").json()
    local = anywhere.ask("/people-count/S001?mode=latest&tz=Europe/Madrid").json()
    assert local == plain | {"time": "2026-03-02T08:30:00+01:00"}
    assert anywhere.ask("/clock?tz=Asia/Kolkata").json()["now"] == "2026-03-02T13:00:10+05:30"
    page = anywhere.ask(f"/bus-position/B001?{RANGE}&tz=Europe/Madrid").json()
    assert page["items"][1]["time"] == "2026-03-02T08:00:30+01:00"
    text = anywhere.ask(f"/bus-position/B001?{RANGE}&tz=Europe/Madrid&format=csv").text
    assert [row["time"] for row in csv.DictReader(io.StringIO(text))] == [i["time"] for i in page["items"]]


@each_case(
    "zone, message",
    [
        ("Europe/Madrit", "Invalid tz: Europe/Madrit. Did you mean Europe/Madrid?"),
        ("../../etc/passwd", "Invalid tz: ../../etc/passwd. Must be an IANA time zone such as Europe/Madrid"),
        ("%00", "Invalid tz: \0. Must be an IANA time zone such as Europe/Madrid"),
        ("Europe", "Invalid tz: Europe. "),
        ("x" * 5000, "Invalid tz: " + "x" * 100 + "…. Must be "),
    ],
)
def test_an_unknown_zone_is_refused(anywhere: Served, zone: str, message: str) -> None:
    answer = anywhere.ask(f"/people-count/S001?mode=latest&tz={zone}")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(message)
