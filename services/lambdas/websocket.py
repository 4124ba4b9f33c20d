"""The Lambda function of the WebSocket API: its routes, events of positions, and chunks of them.

It reads and logs events; `services.lambdas.gateway_live` carries them out.
"""

from __future__ import annotations

import json
import logging
import math
import time
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from botocore.exceptions import BotoCoreError, ClientError

from services import logs
from services.access.authentication import INVALID_KEY, LONGEST_GROUP
from services.access.rate_limits import WALL_S
from services.aws.connections import ConnectionTables
from services.aws.events import positions_of
from services.errors import ServiceError, Unauthorized, Unavailable
from services.lambdas.fan_out import LATEST_S, Chunk, ChunkQueue
from services.lambdas.gateway_events import (
    EventBridgeEvent,
    LambdaContext,
    ProxyResponse,
    SqsEvent,
    WebSocketEvent,
    WebSocketRequestContext,
)
from services.lambdas.gateway_live import GatewayLive
from services.lambdas.gateway_sender import MOST_THREADS, GatewaySender
from services.lambdas.shared_state import (
    begin,
    prepare,
    shared_clock,
    shared_network,
    shared_settings,
    shared_store,
)
from services.queries.bodies import describe_error
from storage.aws_clients import client
from storage.errors import DependencyError

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient

log = logging.getLogger("bus_simulator.live")

OK: ProxyResponse = {"statusCode": 200}
SWITCHING_PROTOCOLS = 101
CONNECT_TIMEOUT_S = 2.0
ANSWER_S = 4.0
LAST_TRY_S = CONNECT_TIMEOUT_S + ANSWER_S + 1.0
"""How long before Lambda ends an invocation the last attempt to reach a client may begin."""


def handler(event: WebSocketEvent | EventBridgeEvent | SqsEvent, lambda_context: LambdaContext) -> Response:
    """Lambda's entry point: handle an event of the WebSocket API, of EventBridge or of the queue."""
    until_s = time.monotonic() + lambda_context.get_remaining_time_in_millis() / 1000 - LAST_TRY_S
    begin(lambda_context.get_remaining_time_in_millis())
    shared_settings()
    return handle_event(event, shared_live(), until_s=until_s)


class BroadcastCounts(TypedDict):
    """The answer to an event of EventBridge: see `SendCounts`."""

    sent: int
    gone: int
    failed: int


Response: TypeAlias = ProxyResponse | BroadcastCounts


@cache
def shared_live() -> GatewayLive:
    """The handler of events, made once per container."""
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
        queue=None if found.fan_out_queue is None else ChunkQueue(sqs(found.region), found.fan_out_queue),
    )


def sqs(region: str) -> SQSClient:
    """A client of the queue that gives up soon: what isn't handed over is sent here."""
    return client("sqs", region=region, connect_timeout_s=1.0, read_timeout_s=1.0)


def handle_event(
    event: WebSocketEvent | EventBridgeEvent | SqsEvent, live: GatewayLive, *, until_s: float = math.inf
) -> Response:
    """Handle an event. Errors of DynamoDB pass in events of EventBridge, which Lambda then dead-letters."""
    if "Records" in event:
        return send_chunks(event, live, until_s)
    if "requestContext" not in event:
        return broadcast(event, live, until_s)
    request = event["requestContext"]
    match request["eventType"]:
        case "CONNECT":
            return handle_connect(request, live)
        case "DISCONNECT":
            live.disconnect(request["connectionId"])
            return OK
    text = "" if event.get("isBase64Encoded") else event.get("body") or ""  # a binary frame is not JSON
    return handle_message(request["connectionId"], text, live)


def handle_connect(request: WebSocketRequestContext, live: GatewayLive) -> ProxyResponse:
    """Accept a client. Answer 429 if its group has too many, 401 if it has passed no authorizer."""
    group = (request.get("authorizer") or {}).get("group", "")
    try:
        if not group:
            log.error("refused: $connect has no authorizer, or it gave no group")
            raise Unauthorized(INVALID_KEY)
        live.connect(request["connectionId"], group)
    except ServiceError as error:
        log_connect(request, group, error.status)
        found = describe_error(error)
        return {"statusCode": found.status, "headers": dict(found.headers), "body": json.dumps(found.body)}
    log_connect(request, group, SWITCHING_PROTOCOLS)
    return OK


def handle_message(connection_id: str, text: str, live: GatewayLive) -> ProxyResponse:
    """Handle a client's message. If AWS or the store fails, answer so and keep the connection."""
    try:
        live.receive(connection_id, text)
    except (BotoCoreError, ClientError, DependencyError, TimeoutError) as error:
        log.error("message not handled: %s", error)
        live.refuse(connection_id, Unavailable())
    return OK


def broadcast(event: EventBridgeEvent, live: GatewayLive, until_s: float) -> BroadcastCounts:
    """Send a tick of a line to its subscribers until `until_s`. Log and drop any other event."""
    try:
        positions = positions_of(event)
    except ValueError as error:
        log.error("event not read: %s", error)
        return {"sent": 0, "gone": 0, "failed": 0}
    sent = live.broadcast(positions, until_s=until_s)
    counts: BroadcastCounts = {"sent": sent.sent, "gone": sent.gone, "failed": sent.failed}
    log.info("broadcast", extra={"fields": {"line": event["detail"].get("line_id"), **counts}})
    return counts


def send_chunks(event: SqsEvent, live: GatewayLive, until_s: float) -> BroadcastCounts:
    """Send chunks of a tick, until `until_s` or until the next tick is about to come."""
    age_s = WALL_S() - min(int(record["attributes"]["SentTimestamp"]) for record in event["Records"]) / 1000
    until_s = min(until_s, time.monotonic() + LATEST_S - age_s)
    sent = live.send_chunks([Chunk.parse(record["body"]) for record in event["Records"]], until_s=until_s)
    counts: BroadcastCounts = {"sent": sent.sent, "gone": sent.gone, "failed": sent.failed}
    log.info("chunk sent", extra={"fields": {"age_s": round(age_s, 1), **counts}})
    return counts


def log_connect(request: WebSocketRequestContext, group: str, status: int) -> None:
    """Log a handshake as an access."""
    fields = {
        "group": group[:LONGEST_GROUP],
        "method": "GET",
        "path": f"/{request['stage']}",
        "status": status,
    }
    logs.access.info("websocket", extra={"fields": fields})


prepare("network", shared_live)
