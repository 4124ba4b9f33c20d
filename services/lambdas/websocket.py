"""The function behind the WebSocket API: its routes `$connect`, `$disconnect`, `$default`, and the event bus.

What an event asks for is done by `services.lambdas.gateway_live`.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, Protocol, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from services import logs
from services.access.authentication import INVALID_KEY, LONGEST_GROUP
from services.aws.connections import ConnectionTables
from services.aws.events import positions_of
from services.errors import ServiceError, Unauthorized, Unavailable
from services.lambdas.gateway_live import GatewayLive
from services.lambdas.gateway_sender import MOST_THREADS, GatewaySender
from services.lambdas.shared_state import shared_clock, shared_network, shared_settings, shared_store
from services.queries.bodies import describe_error
from storage.aws_clients import client
from storage.errors import DependencyError

log = logging.getLogger("bus_simulator.live")

Event: TypeAlias = Mapping[str, Any]
Response: TypeAlias = dict[str, Any]

OK: Response = {"statusCode": 200}
SWITCHING_PROTOCOLS = 101
CONNECT_TIMEOUT_S = 2.0
ANSWER_S = 4.0
LAST_TRY_S = CONNECT_TIMEOUT_S + ANSWER_S + 1.0
"""How long before Lambda ends an invocation the last try to reach a client begins."""


class LambdaContext(Protocol):
    """What is used of what Lambda says of an invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """The time left until it is ended."""


def handler(event: Event, lambda_context: LambdaContext) -> Response:
    """The answer to an event of the WebSocket API, or of EventBridge."""
    until_s = time.monotonic() + lambda_context.get_remaining_time_in_millis() / 1000 - LAST_TRY_S
    shared_settings()
    return handle_event(event, shared_live(), until_s=until_s)


@cache
def shared_live() -> GatewayLive:
    """What events are carried out with, made once a container."""
    found = shared_settings()
    connections = ConnectionTables(
        client("dynamodb", region=found.region, connections=MOST_THREADS),
        connections=found.connections_table,
        subscriptions=found.subscriptions_table,
    )
    management = client(
        "apigatewaymanagementapi",
        region=found.region,
        endpoint_url=found.websocket_endpoint,
        connect_timeout_s=CONNECT_TIMEOUT_S,
        read_timeout_s=ANSWER_S,
        connections=MOST_THREADS,
    )
    return GatewayLive(
        connections,
        GatewaySender(management, connections.disconnect),
        store=shared_store,
        network=lambda: shared_network().current().network,
        now=lambda: shared_clock().now(),
    )


def handle_event(event: Event, live: GatewayLive, *, until_s: float = math.inf) -> Response:
    """Carry out an event. Errors of DynamoDB pass in events of the bus, which Lambda then puts aside."""
    if "requestContext" not in event:
        return broadcast(event, live, until_s)
    request = event["requestContext"]
    match request["eventType"]:
        case "CONNECT":
            return handle_connect(request, live)
        case "DISCONNECT":
            live.disconnect(request["connectionId"])
            return OK
    text = "" if event.get("isBase64Encoded") else event.get("body") or ""  # a binary frame is no JSON
    return handle_message(request["connectionId"], text, live)


def handle_connect(request: Event, live: GatewayLive) -> Response:
    """Take a client in, or not: 429 for one too many, 401 for one who has passed no authorizer."""
    group = (request.get("authorizer") or {}).get("group", "")
    try:
        if not group:
            log.error("refused for want of a group: $connect has no authorizer")
            raise Unauthorized(INVALID_KEY)
        live.connect(request["connectionId"], group)
    except ServiceError as error:
        log_connect(request, group, error.status)
        found = describe_error(error)
        return {"statusCode": found.status, "headers": dict(found.headers), "body": json.dumps(found.body)}
    log_connect(request, group, SWITCHING_PROTOCOLS)
    return OK


def handle_message(connection_id: str, text: str, live: GatewayLive) -> Response:
    """Carry out a client's message; where what it needs is away, say so and keep the connection."""
    try:
        live.receive(connection_id, text)
    except (BotoCoreError, ClientError, DependencyError, TimeoutError) as error:
        log.error("a message can't be carried out: %s", error)
        live.refuse(connection_id, Unavailable())
    return OK


def broadcast(event: Event, live: GatewayLive, until_s: float) -> Response:
    """Send a tick of a line to all who want it, while there is time. What isn't one is logged and left."""
    try:
        positions = positions_of(event)
    except ValueError as error:
        log.error("an event can't be read: %s", error)
        return {"sent": 0, "gone": 0, "failed": 0}
    sent = live.broadcast(positions, until_s=until_s)
    fields = {"sent": sent.sent, "gone": sent.gone, "failed": sent.failed}
    log.info("broadcast", extra={"fields": {"line": event["detail"].get("line_id"), **fields}})
    return fields


def log_connect(request: Event, group: str, status: int) -> None:
    """An access-log line for a handshake."""
    fields = {
        "group": group[:LONGEST_GROUP],
        "method": "GET",
        "path": f"/{request['stage']}",
        "status": status,
    }
    logs.access.info("websocket", extra={"fields": fields})
