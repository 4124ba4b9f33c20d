"""A tick of one line reaches 3,000 clients: in chunks that Lambda's invocations send within the tick."""

from __future__ import annotations

import json
import math
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from services.access.rate_limits import WALL_S
from services.aws.connections import Subscriber
from services.lambdas.fan_out import LATEST_S, MOST_MESSAGES, Chunk, ChunkQueue, chunks_of
from services.lambdas.gateway_live import GatewayLive
from services.lambdas.gateway_sender import GatewaySender
from services.lambdas.websocket import handle_event
from tests.services.aws.fake_aws import ClientDouble, FakeClient
from tests.services.fakes import NOW, network
from tests.services.lambdas.websocket_api import tick_event
from tests.storage.records import position

CLIENTS, BUSES = 3000, 12
POSTS_PER_S = 500
"""Of an invocation with one virtual CPU, in which a post takes some 2 ms."""
AT_ONCE = 5
"""How many messages of a queue Lambda takes at the same time at first."""


class Management(ClientDouble):
    """The Management API: how many messages each client got."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803
        """Count a message; an array counts as its positions."""
        found = json.loads(Data)
        self.sent[ConnectionId] += len(found) if isinstance(found, list) else 1


def live_of(subscribers: list[Subscriber], management: Management, sqs: FakeClient) -> GatewayLive:
    """The function with these subscribers of every line."""
    connections: Any = SimpleNamespace(connections_of=lambda _line: subscribers)
    sender = GatewaySender(management, forget=lambda _name: None)
    never: Any = None
    queue = ChunkQueue(sqs, "https://sqs/bus-simulator-fan-out")
    return GatewayLive(connections, sender, store=never, network=network, now=never, queue=queue)


def queued_event(body: str, *, age_s: float = 0.0) -> Any:
    """The event of a chunk, as Lambda takes it from the queue."""
    record = {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "body": body,
        "attributes": {"SentTimestamp": str(int((WALL_S() - age_s) * 1000)), "ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
    }
    return {"Records": [record]}


def a_tick() -> Any:
    return tick_event([position(NOW.replace(second=30), f"B{bus:03d}", line_id="L1") for bus in range(BUSES)])


def counts(answer: Any) -> dict[str, int]:
    """The answer to a tick or a chunk."""
    found: dict[str, int] = answer
    return found


def test_three_thousand_clients_of_a_line_get_every_position_within_the_tick() -> None:
    names = [f"c{number:04d}=" for number in range(CLIENTS)]
    subscribers = [Subscriber(name, batch=number % 10 == 0) for number, name in enumerate(names)]
    management, sqs = Management(), FakeClient(send_message={})
    live = live_of(subscribers, management, sqs)
    answers = [counts(handle_event(a_tick(), live))]
    bodies = [request["MessageBody"] for request in sqs.requests("send_message")]
    answers += [counts(handle_event(queued_event(body), live)) for body in bodies]
    assert management.sent == dict.fromkeys(names, BUSES)
    assert [sum(answer[name] for answer in answers) for name in ("sent", "gone", "failed")] == [CLIENTS, 0, 0]
    assert max(len(body) for body in bodies) < 256 * 1024, "SQS takes no longer message"
    rounds = math.ceil(len(bodies) / AT_ONCE)
    assert rounds * MOST_MESSAGES / POSTS_PER_S < LATEST_S


def test_a_tick_for_few_clients_is_sent_at_once() -> None:
    management, sqs = Management(), FakeClient(send_message={})
    live = live_of([Subscriber("c1=", batch=False), Subscriber("c2=", batch=True)], management, sqs)
    assert handle_event(a_tick(), live) == {"sent": 2, "gone": 0, "failed": 0}
    assert sqs.calls == []


def test_what_cannot_be_handed_over_is_sent_here(caplog: pytest.LogCaptureFixture) -> None:
    names = [f"c{number:03d}=" for number in range(2 * MOST_MESSAGES // BUSES)]
    management, sqs = Management(), FakeClient(send_message={})
    sqs.away = True
    live = live_of([Subscriber(name, batch=False) for name in names], management, sqs)
    assert handle_event(a_tick(), live) == {"sent": len(names), "gone": 0, "failed": 0}
    assert management.sent == dict.fromkeys(names, BUSES)
    assert "1 chunks not handed over: EndpointConnectionError" in caplog.text


def test_a_chunk_that_comes_too_late_is_not_sent_after_the_next_tick() -> None:
    management = Management()
    live = live_of([], management, FakeClient())
    late = queued_event(Chunk(["{}"], ["c1="]).json(), age_s=LATEST_S + 1)
    assert handle_event(late, live) == {"sent": 0, "gone": 0, "failed": 1}
    assert not management.sent


def test_a_client_with_more_messages_than_a_chunk_has_one_of_its_own() -> None:
    texts = ["{}"] * (MOST_MESSAGES + 1)
    pair = [Subscriber("c1=", batch=False), Subscriber("c2=", batch=True)]
    assert [(chunk.single, chunk.batch) for chunk in chunks_of(texts, pair)] == [(["c1="], []), ([], ["c2="])]
