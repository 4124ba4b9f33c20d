"""The function behind the WebSocket API, event by event, with DynamoDB in moto and a fake Management API."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.aws.connections import ConnectionTables, Subscriber
from services.lambdas.gateway_live import GatewayLive
from services.lambdas.gateway_sender import MOST_THREADS, RETRIES, GatewaySender
from services.lambdas.websocket import handle_event
from services.live.messages import LONGEST_MESSAGE_BYTES, MOST_CONNECTIONS, MOST_LINES
from services.logs import JsonFormatter
from services.queries.bodies import bus_position_body
from services.settings import CONNECTIONS_TABLE, SUBSCRIPTIONS_TABLE
from storage.aws_clients import client
from storage.errors import StoreError, StoreUnavailable
from storage.schema import BusPosition
from tests.services.aws.tables import HandWatch, InTurn, fill, made_tables
from tests.services.fakes import NETWORK, NOW, FaultyStore, network
from tests.services.lambdas.websocket_api import (
    Clients,
    clients,
    connect_event,
    disconnect_event,
    message_event,
    tick_event,
)
from tests.services.rest_served import parts
from tests.storage.records import position
from tests.timestream_endpoint import REGION

pytestmark = pytest.mark.integration

DONE = {"statusCode": 200}


@dataclass(frozen=True)
class Api:
    """The function, its tables and its clients. `pauses` are those between attempts, in seconds."""

    live: GatewayLive
    connections: ConnectionTables
    dynamodb: Any
    clients: Clients
    store: FaultyStore
    pauses: list[float]

    def handle(self, event: dict[str, Any]) -> Any:
        """Handle an event; return the function's response."""
        return handle_event(json.loads(json.dumps(event)), self.live)

    def connect(self, connection_id: str, group: str | None = "team-alpha") -> Any:
        """Connect a client."""
        return self.handle(connect_event(connection_id, group))

    def say(self, connection_id: str, message: object) -> list[Any]:
        """Send a client's message; return the messages sent to it."""
        before = len(self.clients.sent[connection_id])
        assert self.handle(message_event(connection_id, message)) == DONE
        return [json.loads(text) for text in self.clients.sent[connection_id][before:]]

    def rows(self, table: str) -> list[Any]:
        """A table's rows."""
        found: list[Any] = self.dynamodb.scan(TableName=table)["Items"]
        return found


@pytest.fixture
def api(aws: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    _, dynamodb = made_tables(HandWatch())
    connections = ConnectionTables(InTurn(dynamodb), wall_s=HandWatch())
    context, store, _ = parts(tmp_path_factory.mktemp("store"))
    pauses: list[float] = []
    with clients() as found:
        management = client("apigatewaymanagementapi", region=REGION, endpoint_url=found.url, connections=32)
        live = GatewayLive(
            connections,
            GatewaySender(management, connections.disconnect, pause=pauses.append),
            store=lambda: store,
            network=network,
            now=context.now,
        )
        yield Api(live, connections, dynamodb, found, store, pauses)
        management.close()


def snapshot(*bus_ids: str) -> list[dict[str, Any]]:
    return [
        bus_position_body(
            position(NOW.replace(second=0), bus, line_id="L2" if bus == "B003" else "L1"), NETWORK
        )
        for bus in bus_ids
    ]


def test_a_subscriber_gets_a_reply_and_a_snapshot_with_a_message_per_bus(api: Api) -> None:
    assert api.connect("c1=") == DONE
    answer, *positions = api.say("c1=", {"action": "subscribe", "line_ids": ["L1"]})
    assert answer == {"type": "subscribed", "line_ids": ["L1"]}
    assert positions == snapshot("B001", "B002")
    answer, *positions = api.say("c1=", {"action": "subscribe", "line_ids": ["L2", "L1"], "batch": True})
    assert answer == {"type": "subscribed", "line_ids": ["L1", "L2"]}
    assert positions == [snapshot("B003")]


def test_a_client_may_unsubscribe_and_ping(api: Api) -> None:
    api.connect("c1=")
    api.say("c1=", {"action": "subscribe", "line_ids": ["L1", "L2"]})
    assert api.say("c1=", {"action": "unsubscribe", "line_ids": ["L1", "L9"]}) == [
        {"type": "unsubscribed", "line_ids": ["L2"]}
    ]
    assert api.say("c1=", {"action": "ping"}) == [{"type": "pong"}]
    assert api.connections.lines_of("c1=") == ["L2"]


BAD_MESSAGES = [
    ("{", "Invalid JSON"),
    ("[]", "Invalid JSON"),
    ({"action": "dance"}, "Unknown action: dance"),
    ({"action": "subscribe", "line_ids": "L1"}, "line_ids must be a list of strings"),
    ({"action": "subscribe", "line_ids": ["L1", "L99"]}, "Unknown line: L99"),
]


@pytest.mark.parametrize(("message", "text"), BAD_MESSAGES)
def test_an_invalid_message_gets_the_local_servers_error(api: Api, message: object, text: str) -> None:
    api.connect("c1=")
    assert api.say("c1=", message) == [{"type": "error", "error": "BadRequest", "message": text}]
    assert api.rows(SUBSCRIPTIONS_TABLE) == []
    assert api.clients.closed == []


def test_a_binary_frame_is_invalid_json(api: Api) -> None:
    api.connect("c1=")
    api.handle(message_event("c1=", "eyJhY3Rpb24iOiJwaW5nIn0=") | {"isBase64Encoded": True})
    assert json.loads(api.clients.sent["c1="][0])["message"] == "Invalid JSON"


def test_a_connection_has_at_most_fifty_lines(api: Api) -> None:
    api.connect("c1=")
    held = [f"M{number:02d}" for number in range(MOST_LINES - 1)]
    api.connections.add_lines("c1=", held, batch=False)
    assert api.say("c1=", {"action": "subscribe", "line_ids": ["L1", "L2"]}) == [
        {"type": "error", "error": "BadRequest", "message": "Too many lines (limit 50)"}
    ]
    assert api.connections.lines_of("c1=") == held
    assert api.say("c1=", {"action": "subscribe", "line_ids": ["L1"]})[0]["type"] == "subscribed"


def test_a_message_that_is_too_long_closes_the_connection(api: Api) -> None:
    api.connect("c1=")
    assert api.say("c1=", "x" * LONGEST_MESSAGE_BYTES) != []
    assert api.say("c1=", "x" * (LONGEST_MESSAGE_BYTES + 1)) == []
    assert api.clients.closed == ["c1="]


def test_an_unknown_connection_is_closed_so_that_its_client_reconnects(api: Api) -> None:
    assert api.say("c9=", {"action": "subscribe", "line_ids": ["L1"]}) == []
    assert api.clients.closed == ["c9="]
    api.clients.gone("c8=")
    assert api.say("c8=", {"action": "subscribe", "line_ids": ["L1"]}) == []


def test_a_client_that_disconnects_leaves_no_items(api: Api) -> None:
    api.connect("c1=")
    api.say("c1=", {"action": "subscribe", "line_ids": ["L1", "L2"]})
    assert api.handle(disconnect_event("c1=")) == DONE
    assert api.handle(disconnect_event("c1=")) == DONE
    assert (api.rows(CONNECTIONS_TABLE), api.rows(SUBSCRIPTIONS_TABLE)) == ([], [])


def test_a_group_has_at_most_a_hundred_connections(api: Api) -> None:
    for number in range(MOST_CONNECTIONS):
        api.connections.connect(f"c{number}=", "team-alpha")
    refused = api.connect("one-more=")
    assert (refused["statusCode"], json.loads(refused["body"])) == (
        429,
        {"error": "TooManyRequests", "message": "Too many connections (limit 100)"},
    )
    assert int(refused["headers"]["Retry-After"]) > 0
    assert api.connect("another=", "team-beta") == DONE
    api.handle(disconnect_event("c7="))
    assert api.connect("one-more=") == DONE


def test_a_handshake_that_passed_no_authorizer_is_refused(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    refused = api.connect("c1=", None)
    assert (refused["statusCode"], json.loads(refused["body"])["message"]) == (401, "Invalid API key")
    assert api.rows(CONNECTIONS_TABLE) == []
    assert "$connect has no authorizer" in caplog.text


def test_handshakes_are_in_the_access_log_with_their_group(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "bus_simulator")
    api.connect("c1=")
    (line,) = [JsonFormatter().format(r) for r in caplog.records if r.name == "bus_simulator.access"]
    logged = json.loads(line)
    assert {name: logged[name] for name in ("level", "group", "path", "status")} == {
        "level": "INFO",
        "group": "team-alpha",
        "path": "/production",
        "status": 101,
    }


@pytest.mark.parametrize(
    ("fault", "error"), [(StoreUnavailable("gone"), "Unavailable"), (StoreError("x"), "InternalServerError")]
)
def test_if_the_snapshot_fails_the_client_gets_an_error_and_stays_subscribed(
    api: Api, fault: StoreError, error: str
) -> None:
    api.connect("c1=")
    api.store.failing = fault
    answer, told = api.say("c1=", {"action": "subscribe", "line_ids": ["L1"]})
    assert answer["type"] == "subscribed"
    assert (told["type"], told["error"]) == ("error", error)
    assert api.connections.lines_of("c1=") == ["L1"]


def test_if_dynamodb_is_unavailable_the_client_gets_an_error_and_stays_connected(api: Api) -> None:
    api.connect("c1=")
    api.dynamodb.delete_table(TableName=SUBSCRIPTIONS_TABLE)
    (told,) = api.say("c1=", {"action": "subscribe", "line_ids": ["L1"]})
    assert (told["type"], told["error"]) == ("error", "Unavailable")
    assert api.clients.closed == []


def tick(*bus_ids: str, line_id: str = "L1") -> list[BusPosition]:
    return [position(NOW.replace(second=30), bus, line_id=line_id) for bus in bus_ids]


def test_a_tick_is_sent_to_the_lines_subscribers_as_rests_objects(api: Api) -> None:
    for name, line, batch in (("one=", "L1", False), ("batch=", "L1", True), ("other=", "L2", False)):
        api.connections.connect(name, "a")
        api.connections.add_lines(name, (line,), batch=batch)
    positions = tick("B001", "B002")
    bodies = [bus_position_body(each, NETWORK) for each in positions]
    assert api.handle(tick_event(positions)) == {"sent": 2, "gone": 0, "failed": 0}
    assert [json.loads(text) for text in api.clients.sent["one="]] == bodies
    assert [json.loads(text) for text in api.clients.sent["batch="]] == [bodies]
    assert list(json.loads(api.clients.sent["one="][0])) == list(bodies[0])
    assert api.clients.sent["other="] == []


def test_a_tick_without_subscribers_is_not_sent(api: Api) -> None:
    assert api.handle(tick_event(tick("B001"))) == {"sent": 0, "gone": 0, "failed": 0}


@pytest.mark.parametrize(
    "event", [{}, {"source": "aws.health", "detail-type": "x", "detail": {}}, {"detail-type": 5}]
)
def test_other_events_are_logged_and_dropped(
    api: Api, event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert api.handle(event) == {"sent": 0, "gone": 0, "failed": 0}
    assert "event not read" in caplog.text


@pytest.mark.parametrize("clients", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_a_broadcast_reaches_the_connected_clients_and_removes_the_gone_ones(clients: int, api: Api) -> None:
    lost = clients // 10
    reached = clients - lost
    names = [f"c{number:04d}=" for number in range(clients)]
    fill(api.dynamodb, names, "L1", batch=True)
    gone = names[::10]
    for name in gone:
        api.clients.gone(name)
    api.clients.together = 9
    assert api.handle(tick_event(tick("B001", "B002"))) == {
        "sent": reached,
        "gone": clients // 10,
        "failed": 0,
    }
    assert {name for name in names if api.clients.sent[name]} == set(names) - set(gone)
    assert all(len(api.clients.sent[name]) == 1 for name in set(names) - set(gone))
    assert api.clients.most_at_once > 8
    left = [Subscriber(name, batch=True) for name in names if name not in gone]
    assert api.connections.connections_of("L1") == left
    assert len(api.rows(CONNECTIONS_TABLE)) == reached
    assert api.handle(tick_event(tick("B001"))) == {"sent": reached, "gone": 0, "failed": 0}


def test_a_gone_client_is_removed_after_the_first_failed_message(api: Api) -> None:
    api.connect("c1=")
    api.say("c1=", {"action": "subscribe", "line_ids": ["L1"]})
    api.clients.gone("c1=")
    api.handle(tick_event(tick("B001", "B002")))
    assert (api.rows(CONNECTIONS_TABLE), api.rows(SUBSCRIPTIONS_TABLE)) == ([], [])


THROTTLED = (429, "LimitExceededException")


@pytest.mark.parametrize("trouble", [THROTTLED, (500, "InternalServerError"), (503, "ServiceUnavailable")])
def test_throttled_messages_are_retried_with_growing_pauses_in_order(
    api: Api, trouble: tuple[int, str]
) -> None:
    api.connections.connect("c1=", "a")
    api.connections.add_lines("c1=", ("L1",), batch=False)
    api.clients.troubles["c1="] = [trouble] * (RETRIES.attempts - 1)
    positions = tick("B001", "B002")
    assert api.handle(tick_event(positions)) == {"sent": 1, "gone": 0, "failed": 0}
    assert [json.loads(text)["bus_id"] for text in api.clients.sent["c1="]] == ["B001", "B002"]
    limits = [RETRIES.limit_s(failures) for failures in range(1, RETRIES.attempts)]
    assert len(api.pauses) == len(limits)
    assert all(0 <= pause < limit for pause, limit in zip(api.pauses, limits, strict=True))


@pytest.mark.parametrize(
    "trouble", [THROTTLED, (403, "ForbiddenException"), (413, "PayloadTooLargeException")]
)
def test_a_client_that_stays_unreachable_misses_a_tick_and_no_other_does(
    api: Api, trouble: tuple[int, str], caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("c1=", "c2="):
        api.connections.connect(name, "a")
        api.connections.add_lines(name, ("L1",), batch=False)
    api.clients.for_good["c1="] = trouble
    assert api.handle(tick_event(tick("B001"))) == {"sent": 1, "gone": 0, "failed": 1}
    assert len(api.clients.sent["c2="]) == 1
    assert api.connections.lines_of("c1=") == ["L1"]
    assert "connection c1= misses a message" in caplog.text


def test_no_attempt_begins_after_the_time_limit(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    names = [f"c{number:03d}=" for number in range(100)]
    fill(api.dynamodb, names, "L1", batch=True)
    api.clients.for_good = dict.fromkeys(names, THROTTLED)
    seconds = [0.0]

    def pause(wait_s: float) -> None:
        seconds[0] = 20.0
        api.pauses.append(wait_s)

    management = client("apigatewaymanagementapi", region=REGION, endpoint_url=api.clients.url)
    sender = GatewaySender(management, api.connections.disconnect, pause=pause, now_s=lambda: seconds[0])
    answer = handle_event(tick_event(tick("B001")), replace(api.live, sender=sender), until_s=20.0)
    management.close()
    assert answer == {"sent": 0, "gone": 0, "failed": 100}
    assert 1 <= len(api.pauses) <= MOST_THREADS
    assert "no time left to send to 100 of 100 connections" in caplog.text
    assert len(api.rows(CONNECTIONS_TABLE)) == 100


def test_if_dynamodb_is_unavailable_the_tick_fails_and_is_dead_lettered(api: Api) -> None:
    api.dynamodb.delete_table(TableName=SUBSCRIPTIONS_TABLE)
    with pytest.raises(ClientError):
        api.handle(tick_event(tick("B001")))


def test_a_gone_client_that_cannot_be_removed_does_not_stop_the_tick(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_connection_id: str) -> None:
        raise TimeoutError("away")

    for name in ("c1=", "c2="):
        api.connections.connect(name, "a")
        api.connections.add_lines(name, ("L1",), batch=False)
    api.clients.gone("c1=")
    management = client("apigatewaymanagementapi", region=REGION, endpoint_url=api.clients.url)
    live = replace(api.live, sender=GatewaySender(management, away))
    assert handle_event(tick_event(tick("B001")), live) == {"sent": 1, "gone": 1, "failed": 0}
    assert "c1= is gone, but not removed: away" in caplog.text
    management.close()
