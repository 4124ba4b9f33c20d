"""Abusive requests get ordinary errors, use no lasting memory, and no key gets into a log."""

from __future__ import annotations

import asyncio
import logging

import pytest
from starlette.types import Message

from services.app import create_app
from services.logs import JsonFormatter
from storage.errors import StoreError
from tests.services.rest_served import KEY, Served

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/people-count/S001?timestamp=" + "9" * 1_000_000, 400),
        ("/people-count/S001?mode=latest&" + "a=1&" * 250_000, 400),
        ("/nowhere?" + "x" * 1_000_000, 404),
        ("/people-count/S001?mode=latest&" + "&".join(f"{n}=1" for n in range(200)), 400),
    ],
    ids=["a long value", "many values", "nowhere", "more than a hundred"],
)
def test_very_long_queries_get_ordinary_errors(
    served: Served, path: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("httpx._urlparse.MAX_URL_LENGTH", 10_000_000)
    answer = served.ask(path)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "message"}
    assert len(answer.content) < 1000


@pytest.mark.long
def test_ten_thousand_unknown_ids_leave_no_metrics_of_their_own(served: Served) -> None:
    rest, statuses = create_app(served.context), set()
    headers = [(name.encode(), value.encode()) for name, value in KEY.items()]

    async def send(message: Message) -> None:
        statuses.add(message.get("status"))

    async def receive() -> Message:
        raise AssertionError("a GET has no body")

    async def ask_all() -> None:
        for number in range(10_000):
            scope = {"type": "http", "method": "GET", "path": f"/people-count/X{number}"}
            await rest(scope | {"query_string": b"timestamp=2026-03-02", "headers": headers}, receive, send)

    asyncio.run(ask_all())
    assert statuses == {404, None}
    assert rest.state.counted.by_status == {("/people-count/{stop_id}", 404): 10_000}
    assert set(rest.state.counted.latencies) == {"/people-count/{stop_id}"}


def test_no_log_line_of_any_kind_has_a_key(caplog: pytest.LogCaptureFixture, served: Served) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "a-very-secret-key"
    for key in ("right", secret):
        for path in ("/people-count/S001?mode=latest", "/nowhere", "/stops?limit=x", "/health", "/metrics"):
            served.ask(f"{path}{'&' if '?' in path else '?'}api_key={secret}", KEY | {"x-api-key": key})
    served.store.failing = StoreError("broken")
    served.ask("/people-count/S001?mode=latest", KEY)
    served.store.failing = None
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    logged = "\n".join(JsonFormatter().format(record) for record in ours)
    assert "/stops" in logged
    assert secret not in logged
    assert '"right"' not in logged
