"""An API Gateway HTTP API in this process: its routes, the authorizer with its cache, a function behind it.

The events have the shape that the gateway gives them (payload format 2.0). What it does otherwise than the
local server is in `answer_of`, case by case as in docs/aws.md.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

from services.access.authentication import Keys
from services.context import Context
from services.lambdas.authorizers import rest_response
from services.lambdas.feeds.feed_routes import FunctionFeeds
from services.lambdas.function_app import HOW_TO_INTERVENE
from services.lambdas.rest import NO_STORED_FEEDS, Handler, handler_over
from services.web.intervention_routes import HOW_TO_ALLOW
from services.web.static_files import DOCS, MAP

PAGES = frozenset(f"GET {path}" for path in (*MAP, *DOCS, "/session", "/openapi.json"))
ROUTES = {
    "GET /people-count": "people_count_api",
    "GET /people-count/{stop_id}": "people_count_api",
    "GET /sensors/bus": "sensors_api",
    "GET /sensors/stop": "sensors_api",
    "GET /sensors/{entity_type}/{entity_id}": "sensors_api",
    "GET /bus-position/line/{line_id}": "bus_position_api",
    "GET /bus-position": "bus_position_api",
    "GET /bus-position/{bus_id}": "bus_position_api",
    "GET /stop-visits/stop/{stop_id}": "network_api",
    "GET /stop-visits/bus/{bus_id}": "network_api",
    "GET /stop-visits/line/{line_id}": "network_api",
    "GET /arrivals/{stop_id}": "network_api",
    "GET /trips/{trip_id}": "network_api",
    "GET /network.geojson": "network_api",
    "GET /lines/{line_id}/shape": "network_api",
    "GET /lines/{line_id}/timetable": "network_api",
    "GET /stops/{stop_id}": "network_api",
    "GET /buses/{bus_id}": "network_api",
    "GET /interventions": "network_api",
    "GET /lines": "network_api",
    "GET /lines/{line_id}": "network_api",
    "GET /stops": "network_api",
    "GET /buses": "network_api",
    "ANY /gtfs.zip": "network_api",
    "ANY /gtfs-rt/{feed}": "network_api",
    "ANY /siri/{service}": "network_api",
    "ANY /emt/{proxy+}": "network_api",
    "GET /health": "network_api",
    "OPTIONS /{proxy+}": "network_api",
    "$default": "network_api",
    **dict.fromkeys(PAGES, "network_api"),
}
"""The gateway's routes, and the function behind each."""
FEEDS = frozenset(key for key in ROUTES if key.startswith("ANY "))
"""The routes of feeds, whose keys the function checks."""
OPEN = frozenset(("GET /health", "OPTIONS /{proxy+}")) | PAGES | FEEDS
"""The routes without an authorizer."""
IDENTITY = ("x-api-key", "x-group-name")
TTL_S = 240
UNAUTHORIZED = {"message": "Unauthorized"}

REFUSED = {"error": "Unauthorized", "message": "Invalid API key"}
NOT_FOUND = {"error": "NotFound", "message": "Not found"}
LOCAL_ONLY = frozenset(("/metrics", "/local/snapshot"))
STORED = ("/gtfs.zip", "/gtfs-rt/")
"""Paths of what feeders store, if they do."""


def answer_of(
    method: str, target: str, headers: Mapping[str, str], here: tuple[int, dict[str, str]]
) -> tuple[int, dict[str, str]]:
    """The gateway's response where the local server responds with `here`: the same except for these cases.

    docs/aws.md lists the same cases.
    """
    path = target.partition("?")[0]
    if method == "OPTIONS" and f"GET {path}" not in OPEN:  # no preflight: it has no origin
        return 401, REFUSED
    if route_key_of(method, path) not in OPEN and not all(headers.get(name) for name in IDENTITY):
        return 401, UNAUTHORIZED
    if path in LOCAL_ONLY or (path.startswith(STORED) and here[0] != 401):
        return 404, NOT_FOUND
    status, body = here
    return status, body | {"hint": HOW_TO_INTERVENE} if body.get("hint") == HOW_TO_ALLOW else body


def route_key_of(method: str, path: str) -> str:
    """The route that a request takes."""
    for key in ROUTES:
        verb, _, template = key.partition(" ")
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template).replace(r"\{proxy\+\}", ".+"))
        if verb in (method, "ANY") and re.fullmatch(pattern, path):
            return key
    return "$default"


HEADERS = {
    "accept": "*/*",
    "content-length": "0",
    "host": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
    "user-agent": "curl/8.5.0",
    "x-amzn-trace-id": "Root=1-69a53fb2-5a1e8b7c0c2f4d6e8a9b0c1d",
    "x-forwarded-for": "203.0.113.9",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
}
"""What a request has besides its own headers when it comes through API Gateway."""


def request_event(method: str, url: httpx.URL, headers: Mapping[str, str], route_key: str) -> Any:
    """The event that a function gets, without the authorizer's context."""
    query = url.query.decode()
    path = unquote(url.raw_path.decode().partition("?")[0])
    return {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": {**HEADERS, **headers},
        **({"queryStringParameters": dict(url.params)} if query else {}),
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.9",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "ZkLmNoPqRsTuVwX=",
            "routeKey": route_key,
            "stage": "$default",
            "time": "02/Mar/2026:07:30:10 +0000",
            "timeEpoch": 1772436610000,
        },
        "isBase64Encoded": False,
    }


def authorizer_event(event: Mapping[str, Any]) -> Any:
    """The event that the authorizer gets for a request."""
    kept = {name: event[name] for name in ("version", "routeKey", "rawPath", "rawQueryString", "headers")}
    context = {k: v for k, v in event["requestContext"].items() if k != "authorizer"}
    return {
        **kept,
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/$default/GET/people-count/S001",
        "identitySource": [event["headers"][name] for name in IDENTITY],
        "requestContext": context,
        "pathParameters": {},
        "stageVariables": {},
    }


@dataclass
class HttpApi:
    """The gateway in front of one function; `now_s` is the time of the authorizer's cache."""

    function: Handler
    keys: Keys
    now_s: Callable[[], float] = lambda: 0.0
    authorized: int = 0
    _cache: dict[tuple[str, ...], tuple[float, Any]] = field(default_factory=dict)

    def request(self, method: str, target: str, headers: Mapping[str, str], body: str = "") -> httpx.Response:
        """Return the response to a request."""
        url = httpx.Request(method, f"https://api{target}").url
        sent = {name.lower(): value for name, value in headers.items()}
        route_key = route_key_of(method, unquote(url.raw_path.decode().partition("?")[0]))
        event = request_event(method, url, sent, route_key)
        if route_key not in OPEN:
            if not all(sent.get(name, "").strip() for name in IDENTITY):
                return httpx.Response(401, json=UNAUTHORIZED)
            event["requestContext"]["authorizer"] = {"lambda": self._verdict(event)}
        if body:
            event["body"] = body
        answer = self.function(json.loads(json.dumps(event)), None)
        written = answer["body"].encode()
        content = base64.b64decode(written) if answer.get("isBase64Encoded") else written
        return httpx.Response(answer["statusCode"], headers=answer["headers"], content=content)

    def _verdict(self, event: dict[str, Any]) -> Any:
        """The authorizer's context, from the cache until its TTL ends."""
        identity = tuple(event["headers"][name] for name in IDENTITY)
        asked_at, answer = self._cache.get(identity, (-float(TTL_S), {}))
        if self.now_s() - asked_at >= TTL_S:
            answer = rest_response(authorizer_event(event), self.keys)
            self.authorized += 1
            self._cache[identity] = self.now_s(), answer
        assert answer["isAuthorized"], "a denial would be a bare 403"
        return answer["context"]


class HttpApiOver:
    """The gateway over a context. Mangum needs a thread with an event loop of its own."""

    def __init__(self, context: Context, feeds: FunctionFeeds = NO_STORED_FEEDS) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = ThreadPoolExecutor(1, initializer=asyncio.set_event_loop, initargs=(self._loop,))
        function = self._thread.submit(handler_over, context, feeds).result()
        self.api = HttpApi(function, context.key)

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: str = "") -> httpx.Response:
        """Return the response to a request."""
        return self._thread.submit(self.api.request, method, path, headers, body).result()

    def close(self) -> None:
        """Close the event loop with its executor, and end the thread."""
        self._thread.submit(self._loop.run_until_complete, self._loop.shutdown_default_executor()).result()
        self._thread.shutdown()
        self._loop.close()
