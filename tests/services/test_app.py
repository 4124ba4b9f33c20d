"""CORS: web pages of other origins can read every response, errors too, and send the API's headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from services.access.rate_limits import Limits
from storage.errors import StoreError, StoreInvalid, StoreUnavailable
from tests.services.rest_served import KEY, NO_KEY, TRANSPORTS, Served, parts

PAGE = {"origin": "https://map.example"}
GOOD = "/people-count/S001?mode=latest"


@pytest.mark.parametrize(
    ("path", "headers", "method", "status"),
    [
        (GOOD, KEY, "GET", 200),
        ("/health", NO_KEY, "GET", 200),
        ("/stops?limit=0", KEY, "GET", 400),
        (GOOD, NO_KEY, "GET", 401),
        ("/nowhere", NO_KEY, "GET", 401),
        ("/nowhere", KEY, "GET", 404),
        ("/people-count/S999?mode=latest", KEY, "GET", 404),
        (GOOD, KEY, "POST", 405),
        (GOOD, KEY, "OPTIONS", 405),
        ("/health", NO_KEY, "POST", 405),
    ],
)
def test_a_page_can_read_every_response(
    served: Served, path: str, headers: Mapping[str, str], method: str, status: int
) -> None:
    answer = served.ask(path, {**headers, **PAGE}, method=method)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*")


@pytest.mark.parametrize(("fault", "status"), [(StoreUnavailable("gone"), 503), (StoreInvalid("x"), 500)])
def test_a_page_can_read_server_errors(served: Served, fault: StoreError, status: int) -> None:
    served.store.failing = fault
    try:
        answer = served.ask(GOOD, KEY | PAGE)
    finally:
        served.store.failing = None
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*")
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.fixture(params=TRANSPORTS)
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """A server whose limit is one request."""
    context, store, feeders = parts(tmp_path)
    once = Limits(rate_per_s=0.001, per_day=0)
    with TRANSPORTS[request.param](replace(context, limits=once)) as ask:
        yield Served(context, store, feeders, ask)


def test_a_page_can_read_retry_after(limited: Served) -> None:
    assert limited.ask(GOOD, KEY | PAGE).status_code == 200
    answer = limited.ask(GOOD, KEY | PAGE)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (429, "*")
    assert "retry-after" in answer.headers["access-control-expose-headers"]
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("headers", ["x-api-key", "x-group-name", "content-type", "X-Api-Key, X-Group-Name"])
@pytest.mark.parametrize("path", ["/people-count/S001", "/health", "/nowhere"])
def test_a_preflight_without_a_key_allows_the_apis_headers(served: Served, path: str, headers: str) -> None:
    preflight = served.ask(path, asked("GET", headers), method="OPTIONS")
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"
    allowed = preflight.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    assert {"x-api-key", "x-group-name", "content-type"} <= set(allowed)


def asked(method: str, headers: str) -> dict[str, str]:
    """Return the headers of a preflight request."""
    return PAGE | {"access-control-request-method": method, "access-control-request-headers": headers}


@pytest.mark.parametrize(
    "preflight", [asked("DELETE", "x-api-key"), asked("POST", "x-api-key"), asked("GET", "authorization")]
)
def test_a_preflight_refuses_other_methods_and_headers(served: Served, preflight: Mapping[str, str]) -> None:
    assert served.ask(GOOD, preflight, method="OPTIONS").status_code == 400


def test_a_request_without_an_origin_gets_no_cors_headers(served: Served) -> None:
    answer = served.ask(GOOD)
    assert not [name for name in answer.headers if name.startswith("access-control-")]
