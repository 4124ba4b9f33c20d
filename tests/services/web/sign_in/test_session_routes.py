"""A browser signs in once: its cookie then stands for the key, for this server's pages only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from unittest.mock import create_autospec

import httpx
import pytest
from starlette.types import ASGIApp, Scope

from services.access.authentication import ApiKey, Caller, Keys
from services.access.key_ring import parse_keys
from services.access.sessions import LIFETIME_S, new_token, session_of
from services.app import create_app
from services.context import Context, MapTiles
from services.errors import Unauthorized
from services.feeders.clock_control import ClockControl
from services.interventions.control import InterventionControl
from services.web.sign_in.callers import FOREIGN_PAGE, SESSION_ENDED, caller_of
from tests.services.rest_served import parts

pytestmark = pytest.mark.integration

TEAM_KEYS = '{"api_key": "right", "keys": {"alpha": "alphas-own"}}'
ROUTE = "/people-count/S001?mode=latest"
HERE = {"origin": "http://test:8080"}
NOTHING_ALLOWED = {"may_control_clock": False, "may_intervene": False, "map_tiles": None}
SIGN_IN = {"api_key": "right", "group_name": "map"}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return replace(parts(tmp_path)[0], key=parse_keys(TEAM_KEYS))


def ask(
    app: ASGIApp, method: str, path: str, headers: Mapping[str, str] = HERE, body: object = None
) -> httpx.Response:
    """Send a request from a host with a port."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test:8080") as client:
            content = None if body is None else json.dumps(body)
            return await client.request(method, path, headers=headers, content=content)

    return asyncio.run(request())


def signed_in(app: ASGIApp, body: object = SIGN_IN) -> dict[str, str]:
    """The Cookie header of a browser that has signed in."""
    answer = ask(app, "POST", "/session", body=body)
    assert answer.status_code == 200
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_signing_in_sets_a_cookie_that_no_script_reads_and_no_other_site_sends(context: Context) -> None:
    app = create_app(context)
    answer = ask(app, "POST", "/session", body=SIGN_IN)
    assert answer.json() == {"group": "map", **NOTHING_ALLOWED}
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert cookie.startswith("bus-simulator-session-8080=")
    assert attributes == ["Path=/", f"Max-Age={LIFETIME_S}", "HttpOnly", "SameSite=Strict"]
    assert "right" not in answer.headers["set-cookie"]
    behind_tls = ask(app, "POST", "/session", {"origin": "https://test:8080"}, SIGN_IN)
    assert behind_tls.headers["set-cookie"].endswith("; Secure")
    assert ask(app, "GET", ROUTE, {"cookie": cookie}).status_code == 200
    assert ask(app, "GET", "/session", {"cookie": cookie}).json()["group"] == "map"


def test_without_a_session_nobody_is_signed_in(context: Context) -> None:
    everything = replace(
        context,
        control=create_autospec(ClockControl),
        interventions=create_autospec(InterventionControl),
        map_tiles=MapTiles.chosen("https://tiles.example:444/{z}/{x}/{y}.png", ""),
    )
    app = create_app(everything)
    assert ask(app, "GET", "/session", {}).json() == {"group": None, **NOTHING_ALLOWED}
    tiles = {"url": "https://tiles.example:444/{z}/{x}/{y}.png", "credit": "tiles.example:444"}
    allowed = {"may_control_clock": True, "may_intervene": True, "map_tiles": tiles}
    assert ask(app, "POST", "/session", body=SIGN_IN).json() == {"group": "map", **allowed}
    for path, has_tiles in (("/", True), ("/docs", False)):
        policy = ask(app, "GET", path, {}).headers["content-security-policy"]
        assert policy.count(" https://tiles.example:444") == 2 * has_tiles
    assert ask(app, "GET", ROUTE, {}).json()["message"] == "Missing x-api-key header"
    ended = ask(app, "DELETE", "/session")
    assert (ended.status_code, "Max-Age=0" in ended.headers["set-cookie"]) == (204, True)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"api_key": "wrong", "group_name": "map"}, 401, "Invalid API key"),
        ({"api_key": "alphas-own", "group_name": "beta"}, 401, "Invalid API key"),
        ({"group_name": "map"}, 401, "Missing api_key in the body"),
        ({"api_key": "right"}, 401, "Missing group_name in the body"),
        ({"api_key": 7, "group_name": "map"}, 400, "api_key and group_name must be text"),
        (
            {"api_key": "right", "group_name": "x" * 65},
            400,
            "Invalid x-group-name header: at most 64 characters",
        ),
        ([], 400, "Invalid JSON"),
    ],
)
def test_what_cannot_sign_in_is_refused(context: Context, body: object, status: int, message: str) -> None:
    answer = ask(create_app(context), "POST", "/session", body=body)
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://elsewhere:8080"},
        {"origin": "http://test:3000"},
        {"origin": "null"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_other_pages_requests_count_as_without_a_cookie(context: Context, headers: dict[str, str]) -> None:
    app = create_app(context)
    refused = ask(app, "GET", ROUTE, {**signed_in(app), **headers})
    assert (refused.status_code, refused.json()["message"]) == (401, FOREIGN_PAGE)
    ended = ask(app, "GET", ROUTE, {"cookie": "bus-simulator-session-8080=old"})
    assert (ended.status_code, ended.json()["message"]) == (401, SESSION_ENDED)
    if "origin" in headers:
        assert ask(app, "POST", "/session", headers, SIGN_IN).status_code == 400
        assert ask(app, "DELETE", "/session", headers).status_code == 400


@pytest.mark.parametrize(("kind", "method"), [("http", "POST"), ("http", "DELETE"), ("websocket", "GET")])
def test_changes_and_handshakes_need_an_origin(context: Context, kind: str, method: str) -> None:
    cookie = signed_in(create_app(context))["cookie"]
    own = [(b"host", b"test:8080"), (b"cookie", cookie.encode())]
    for headers, is_let_in in (([*own, (b"origin", b"http://test:8080")], True), (own, False)):
        scope: Scope = {"type": kind, "method": method, "headers": headers}
        assert is_accepted(scope, context.key) == is_let_in


def is_accepted(scope: Scope, keys: Keys) -> bool:
    try:
        return caller_of(scope, {}, keys) == Caller("map", "default")
    except Unauthorized:
        return False


def test_a_token_ends_with_its_time_and_with_its_key() -> None:
    keys = parse_keys(TEAM_KEYS)
    token = new_token(Caller("alpha", "group alpha"), keys, now_s=1000)
    found = session_of(token, keys, now_s=1000)
    assert found is not None
    assert found.caller == Caller("alpha", "group alpha")
    assert session_of(token, keys, now_s=1000 + LIFETIME_S) is None
    assert session_of(token, parse_keys(TEAM_KEYS.replace("alphas-own", "new")), now_s=1000) is None
    assert session_of(token, ApiKey.of("right"), now_s=1000) is None
    with pytest.raises(KeyError):
        new_token(Caller("beta", "group beta"), keys, now_s=1000)


@pytest.mark.parametrize("change", [0, 1, 30, -2])
def test_a_changed_token_is_none(change: int) -> None:
    keys = ApiKey.of("right")
    token = new_token(Caller("map", "default"), keys, now_s=0)
    position = change % len(token)
    changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
    assert session_of(changed, keys, now_s=0) is None
    for text in ("", ".", "e30=.e30=", "x" * 2000, "WzEsMiwzXQ==.AA==", "é.é"):
        assert session_of(text, keys, now_s=0) is None
