"""A function answers 503 in time, whatever the store does: nothing, too little too late, or refuse."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from heapq import heappop, heappush

import httpx
import pytest

from services.aws.compiled_network import CompiledNetwork
from services.lambdas.rest import answer_in_time, context_of, handler_over
from services.lambdas.shared_state import READ_RETRIES, begin, deadline, outage
from services.lambdas.store_outage import LONG_S, StoreOutage
from storage.open import timestream_at
from tests.fake_servers import free_port, http_server
from tests.services.aws.tables import HandWatch
from tests.services.fakes import HOUR, RUN, fake_clock, network
from tests.services.http_api import request_event
from tests.timestream_endpoint import KEYS, REGION

pytestmark = pytest.mark.long

LONGEST_S = 4.0
QUICK_S = 0.05
REQUESTS_PER_S = 83.0
TIMEOUT_MS = 30_000
ANOTHER_PAGE = json.dumps({"QueryId": "1", "NextToken": "more", "Rows": [], "ColumnInfo": []})


@pytest.fixture(autouse=True)
def event_loop() -> Iterator[None]:
    """An event loop for Mangum, which would make one that nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    loop.run_until_complete(loop.shutdown_default_executor())
    asyncio.set_event_loop(None)
    loop.close()


@contextmanager
def hung() -> Iterator[str]:
    """A store that accepts connections and never answers."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def slow() -> Iterator[str]:
    """A store that answers each call after a second, with a page that has a next one."""

    def answer(_path: str, _headers: Mapping[str, str]) -> tuple[int, str]:
        threading.Event().wait(1.0)
        return 200, ANOTHER_PAGE

    with http_server(answer) as url:
        yield url


@contextmanager
def refusing() -> Iterator[str]:
    """A store whose port has no listener."""
    yield f"http://127.0.0.1:{free_port()}"


@pytest.mark.parametrize("store_kind", [hung, slow, refusing])
@pytest.mark.parametrize("path", ["/people-count/S001?mode=latest", "/bus-position/line/L1?mode=latest"])
def test_a_store_that_does_not_answer_costs_four_seconds_at_most(
    store_kind: Callable[[], AbstractContextManager[str]], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    event = request_event("GET", httpx.URL(f"https://api{path}"), {}, "$default")
    event["requestContext"]["authorizer"] = {"lambda": {"verdict": "allowed", "group": "team"}}
    with store_kind() as url:
        store = timestream_at(
            f"timestream://bus?region={REGION}&endpoint_url={url}",
            make=False,
            read_retries=READ_RETRIES,
            deadline=deadline,
        )
        with closing(store):
            handler = handler_over(context_of(CompiledNetwork(network(), RUN), store, fake_clock(lasts=HOUR)))
            began_s = time.monotonic()
            begin(TIMEOUT_MS)
            answer = answer_in_time(handler, event, None)
            took_s = time.monotonic() - began_s
            assert outage.is_on == (took_s >= LONG_S), "a store that let wait is left alone"
            begin(TIMEOUT_MS)
            again = handler(event, None)
            took_again_s = time.monotonic() - began_s - took_s
            outage.end()
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (503, "Unavailable")
    assert again["statusCode"] == 503
    assert took_s < LONGEST_S
    assert took_again_s < LONG_S


def test_a_hung_store_holds_a_bounded_number_of_invocations() -> None:
    """In simulated time: a request goes to the container that was free last, or to a new one."""
    watch = HandWatch()
    containers: list[StoreOutage] = []
    free: list[int] = []
    busy: list[tuple[float, int]] = []
    held = []
    for _ in range(int(REQUESTS_PER_S * 60)):
        watch.seconds += 1 / REQUESTS_PER_S
        while busy and busy[0][0] <= watch.seconds:
            free.append(heappop(busy)[1])
        if not free:
            containers.append(StoreOutage(watch))
            free.append(len(containers) - 1)
        chosen = free.pop()
        took_s = QUICK_S if containers[chosen].is_on else LONGEST_S
        watch.seconds += took_s  # the outage is noted at the end of the invocation
        containers[chosen].note(503, took_s)
        watch.seconds -= took_s
        heappush(busy, (watch.seconds + took_s, chosen))
        held.append(len(busy))
    first = int(REQUESTS_PER_S * LONGEST_S)
    assert max(held) <= first + 1, "no more than until the first have waited"
    assert sum(held) / len(held) < first / 2, "most of the time most are answered at once"


def test_little_time_left_leaves_none_for_calls() -> None:
    begin(1000)
    assert deadline.passed
    begin(TIMEOUT_MS)
    assert not deadline.passed
