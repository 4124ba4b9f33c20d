"""`/health` on AWS asks the store at most once in five seconds an instance."""

from __future__ import annotations

from typing import Any

import httpx

from services.lambdas.gateway_events import ProxyResponse
from services.lambdas.kept_health import KEPT_S, KeptHealth
from tests.services.aws.tables import HandWatch
from tests.services.http_api import request_event

BUSY: ProxyResponse = {"statusCode": 503, "body": "{}"}
FINE: ProxyResponse = {"statusCode": 200, "body": "{}"}


def asked(path: str, route: str = "GET /health", **headers: str) -> Any:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return request_event("GET", httpx.URL(f"https://api{path}"), names, route)


def test_the_answer_is_kept_for_five_seconds_whatever_it_is() -> None:
    watch = HandWatch()
    health = KeptHealth(watch)
    assert health.of(asked("/health")) is None
    for answer in (BUSY, FINE):
        health.keep(asked("/health"), answer)
        watch.seconds += KEPT_S - 0.1
        assert health.of(asked("/health")) == answer
        watch.seconds += 0.1
        assert health.of(asked("/health")) is None


def test_other_requests_are_neither_kept_nor_answered() -> None:
    health = KeptHealth(HandWatch())
    others = (
        asked("/health?tz=UTC"),
        asked("/lines", "GET /lines"),
        asked("/health", accept_encoding="gzip"),
    )
    for other in others[:2]:
        health.keep(other, BUSY)
    assert health.of(asked("/health")) is None
    health.keep(asked("/health"), FINE)
    assert [health.of(other) for other in others] == [None, None, None]
