"""EMT's calls: their codes and fields, the same arrivals as REST's, quotas, and what EMT has no code for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.types import ASGIApp

from services.access.rate_limits import Limits
from services.app import create_app
from services.context import Context
from services.feeds.emt.description import EMT_OPERATIONS
from tests.services.feeds.emt.emt_served import APPLICATION, BUSES, LOGIN, USER, body, log_in, post
from tests.services.rest_served import KEY, NO_KEY, Requester, Served, in_process, parts

DETAIL, ARRIVES = f"{BUSES}/stops/2/detail/", f"{BUSES}/stops/2/arrives/"
CALLS = {
    "/mobilitylabs/user/login/": ("GET", LOGIN),
    "/transport/busemtmad/stops/{stopId}/detail/": ("GET", DETAIL),
    "/transport/busemtmad/stops/{stopId}/arrives/": ("POST", ARRIVES),
    "/transport/busemtmad/stops/{stopId}/arrives/{lineId}/": ("POST", f"{ARRIVES}601/"),
    "/transport/busemtmad/lines/info/": ("GET", f"{BUSES}/lines/info/"),
    "/transport/busemtmad/lines/info/{date}/": ("GET", f"{BUSES}/lines/info/20260302/"),
    "/transport/busemtmad/lines/{lineId}/stops/{direction}/": ("GET", f"{BUSES}/lines/601/stops/2/"),
}
"""Each call of the description, with values."""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return parts(tmp_path_factory.mktemp("store"))[0]


@pytest.fixture(scope="module")
def app(context: Context) -> ASGIApp:
    return create_app(context)


@pytest.fixture(scope="module")
def asked(app: ASGIApp) -> Requester:
    return in_process(app)


@pytest.fixture(scope="module")
def token(asked: Requester) -> Mapping[str, str]:
    return log_in(asked)


def of_stop(app: ASGIApp, token: Mapping[str, str], wish: str, path: str = ARRIVES) -> Any:
    """The arrivals for a body."""
    found = body(post(app, path, {**token, "content-type": "text/plain"}, wish))
    assert found["code"] == "00"
    (data,) = found["data"]
    return data


def test_it_is_everywhere(anywhere: Served) -> None:
    answer = anywhere.ask(LOGIN, USER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    for method, path in CALLS.values():
        answer = anywhere.ask(path, {**log_in(anywhere.ask), **USER}, method=method)
        assert (answer.status_code, body(answer)["code"]) == (200, "01" if path == LOGIN else "00")


@pytest.mark.parametrize("template", EMT_OPERATIONS)
def test_every_call_has_the_fields_that_are_described(
    asked: Requester, token: Mapping[str, str], template: str
) -> None:
    method, path = CALLS[template]
    found = body(asked(path, {**token, **USER}, method=method))
    assert found["data"]
    for item in found["data"]:
        jsonschema.validate(item, EMT_OPERATIONS[template].data)
    assert found["datetime"] == "2026-03-02T08:30:10.000000"


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
@pytest.mark.parametrize("end", ["/", ""])
def test_all_versions_are_the_same_with_and_without_a_slash_at_the_end(
    asked: Requester, token: Mapping[str, str], version: str, end: str
) -> None:
    for method, path in CALLS.values():
        other = path.replace("/v1/", f"/{version}/").replace("/v2/", f"/{version}/").rstrip("/") + end
        assert (
            asked(other, {**token, **USER}, method=method).content[:60]
            == asked(path, {**token, **USER}, method=method).content[:60]
        )


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        (LOGIN, USER, 200, "01"),
        (LOGIN, APPLICATION, 200, "01"),
        (LOGIN, {}, 200, "99"),
        (LOGIN, USER | {"password": "wrong"}, 200, "92"),
        (LOGIN, APPLICATION | {"passKey": "wrong"}, 200, "84"),
        (DETAIL, {}, 401, "80"),
        (DETAIL, {"accessToken": "wrong"}, 401, "80"),
        (DETAIL, KEY, 401, "80"),
    ],
)
def test_credentials_have_emts_codes(
    asked: Requester, path: str, headers: Mapping[str, str], status: int, code: str
) -> None:
    answer = asked(path, headers)
    assert (answer.status_code, body(answer)["code"]) == (status, code)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"{BUSES}/stops/999/detail/", 200, "80"),
        ("GET", f"{BUSES}/stops/S001/detail/", 200, "80"),
        ("POST", f"{BUSES}/stops/999/arrives/", 200, "80"),
        ("POST", f"{BUSES}/stops/2/arrives/999/", 200, "80"),
        ("POST", f"{BUSES}/stops/1/arrives/L2/", 200, "80"),
        ("GET", f"{BUSES}/lines/999/stops/1/", 200, "80"),
        ("GET", f"{BUSES}/lines/601/stops/3/", 400, "90"),
        ("GET", f"{BUSES}/lines/info/2026-03-02/", 400, "90"),
        ("GET", f"{BUSES}/lines/info/20260230/", 400, "90"),
        ("GET", f"{BUSES}/lines/info/00010101/", 400, "90"),
        ("GET", f"{DETAIL}?lang=es", 400, "90"),
        ("GET", ARRIVES, 405, "90"),
        ("POST", DETAIL, 405, "90"),
        ("GET", "/emt/v4/transport/busemtmad/lines/info/", 404, "90"),
        ("PUT", "/emt/v1/transport/bicimad/stations/", 404, "90"),
        ("GET", "/emt", 404, "90"),
    ],
)
def test_what_cannot_be_answered_says_why(
    asked: Requester, token: Mapping[str, str], method: str, path: str, status: int, code: str
) -> None:
    answer = asked(path, token, method=method)
    found = body(answer)
    assert (answer.status_code, found["code"]) == (status, code)
    assert len(str(found["description"])) > 10
    assert "Arrive" in found["data"][0] if code == "80" and "arrives" in path else found["data"] == []


def test_pages_of_other_origins_may_use_it(asked: Requester, token: Mapping[str, str]) -> None:
    page = {"origin": "https://example.org"}
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "accesstoken"}
    preflight = asked(ARRIVES, page | wanted, method="OPTIONS")
    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, "*")
    answer = asked(ARRIVES, {**page, **token}, method="POST")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert asked("/lines", page | wanted, method="OPTIONS").status_code == 400


def test_an_unknown_path_names_the_calls(asked: Requester) -> None:
    description = body(asked("/emt/v1/stops", NO_KEY))["description"]
    assert all(f"v1{path}" in description for path in EMT_OPERATIONS)


def test_head_has_the_headers_of_get(asked: Requester, token: Mapping[str, str]) -> None:
    for path, headers in ((DETAIL, token), (DETAIL, {}), (f"{BUSES}/lines/info/", token)):
        got, head = asked(path, headers), asked(path, headers, method="HEAD")
        assert (head.status_code, head.content, head.headers) == (got.status_code, b"", got.headers)


def test_arrivals_are_those_of_rest(app: ASGIApp, asked: Requester, token: Mapping[str, str]) -> None:
    ours = [each for each in asked("/arrivals/S002").json()["arrivals"] if each["boarding"]]
    found = of_stop(app, token, "")["Arrive"]
    assert len(found) == 3
    assert [(each["bus"], each["estimateArrive"], each["destination"], each["isHead"]) for each in found] == [
        (
            int(each["bus_id"][1:]),
            each["wait_s"],
            each["destination"].upper(),
            "False" if each["departed"] else "True",
        )
        for each in ours
    ]
    positions = {each["bus_id"]: each for each in asked("/bus-position?mode=latest").json()["items"]}
    for each in found:
        position = positions[f"B{each['bus']:03d}"]
        assert each["geometry"]["coordinates"] == [position["longitude"], position["latitude"]]
    of_line = of_stop(app, token, "", f"{ARRIVES}L1/")["Arrive"]
    assert of_line == [each for each in found if each["line"] == "L1"] != []


@pytest.mark.parametrize(
    ("wish", "stops", "estimates"),
    [
        ("", 0, 3),
        ('{"stopId": "2", "Text_EstimationsRequired_YN": "Y"}', 0, 3),
        ('{"cultureInfo": "EN", "Text_StopRequired_YN": "Y", "Text_IncidencesRequired_YN": "Y"}', 1, 3),
        ('{"Text_StopRequired_YN": "N", "Text_EstimationsRequired_YN": "N"}', 0, 0),
    ],
)
def test_the_body_says_what_is_wanted(
    app: ASGIApp, token: Mapping[str, str], wish: str, stops: int, estimates: int
) -> None:
    found = of_stop(app, token, wish)
    assert (len(found["StopInfo"]), len(found["Arrive"])) == (stops, estimates)
    assert (found["ExtraInfo"], found["Incident"]) == ([], {})
    for each in found["StopInfo"]:
        assert (each["stopId"], [line["line"] for line in each["lines"]]) == ("2", ["601", "601", "602"])


@pytest.mark.parametrize("content", ["{", "[]", "1", "[" * 20_000, "x" * 40_000])
def test_a_body_that_is_no_object_is_refused(app: ASGIApp, token: Mapping[str, str], content: str) -> None:
    answer = post(app, ARRIVES, token, content)
    assert (answer.status_code, body(answer)["code"]) == (400, "90")


@pytest.fixture
def limited(context: Context) -> Requester:
    """The API with a limit of four requests a day."""
    return in_process(create_app(replace(context, limits=Limits(rate_per_s=0, per_day=4))))


def test_the_limit_of_a_day_has_code_98_and_the_login_counts_it(limited: Requester) -> None:
    counter = body(limited(LOGIN, USER))["data"][0]["apiCounter"]
    assert (counter["current"], counter["dailyUse"]) == (1, 4)
    token = log_in(limited)
    assert limited("/people-count/S001?mode=latest").status_code == 200
    assert body(limited(DETAIL, token))["code"] == "00"
    for path, headers in ((DETAIL, token), (LOGIN, USER)):
        answer = limited(path, headers)
        assert (answer.status_code, body(answer)["code"]) == (200, "98")
        assert body(answer)["description"].startswith("Limit use API reached")
        assert int(answer.headers["retry-after"]) > 0
    assert body(limited(LOGIN, USER | {"password": "wrong"}))["code"] == "92"


def test_too_many_requests_a_second_are_429(context: Context) -> None:
    asked = in_process(create_app(replace(context, limits=Limits(rate_per_s=0.5, per_day=0))))
    token = log_in(asked)
    answer = asked(DETAIL, token)
    assert (answer.status_code, body(answer)["code"]) == (429, "98")


def test_the_quota_is_shown_where_there_is_no_limit(asked: Requester) -> None:
    for headers, quota in ((USER, 20_000), (APPLICATION, 150_000)):
        assert body(asked(LOGIN, headers))["data"][0]["apiCounter"]["dailyUse"] == quota


def test_a_store_that_cannot_be_reached_is_503(tmp_path: Path) -> None:
    from storage.errors import StoreUnavailable

    context, store, _ = parts(tmp_path)
    store.failing = StoreUnavailable("gone")
    asked = in_process(create_app(context))
    answer = asked(ARRIVES, log_in(asked), method="POST")
    assert (answer.status_code, body(answer)["code"]) == (503, "90")


def test_another_method_names_those_of_the_call(asked: Requester, token: Mapping[str, str]) -> None:
    answer = asked(ARRIVES, token, method="GET")
    assert body(answer)["description"] == "Error: Method not allowed: this call takes POST"
    answer = asked(DETAIL, token, method="POST")
    assert body(answer)["description"] == "Error: Method not allowed: this call takes GET or HEAD"
