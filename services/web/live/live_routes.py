"""`GET /live`: live records as Server-Sent Events."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.access.authentication import Caller
from services.context import Context
from services.errors import BadRequest, UnknownEntity, UnknownPath, clipped
from services.live import messages
from services.live.connection import Connection
from services.live.event_ids import parse_event_id
from services.live.hub import Hub
from services.queries import parameters
from services.web import openapi
from services.web.access_log import CALLER, headers_of
from services.web.gate import LIVE_PATH
from services.web.handlers import AsyncResponse, query_parameters
from services.web.live.event_stream import ClientChannel, EventStream, New
from storage.schema import Stream


def add_live_route(app: FastAPI, context: Context, most_connections: int = messages.MOST_CONNECTIONS) -> None:
    """Add the route; connections of WebSockets and of this count together. It is 404 without a hub."""

    def live(request: Request) -> AsyncResponse:
        hub = context.live
        if hub is None:
            raise UnknownPath
        command = subscription_in(request, context)
        last = headers_of(request.scope).get("last-event-id")
        zone = parameters.time_zone(query_parameters(request))

        async def respond() -> Response:
            """There must be no `await` between the check and `connect`: two could both pass."""
            caller: Caller = request.scope[CALLER]
            if hub.connections_of(caller.key_name) >= most_connections:
                raise messages.too_many_connections(most_connections)
            client = ClientChannel()
            connection = hub.connect(caller.key_name, caller.group, client.reply, client.something.set)
            new = added(hub, connection, command)
            return EventStream(hub, connection, client, new, parse_event_id(last), zone)

        return AsyncResponse(respond)

    app.add_api_route(LIVE_PATH, live, **openapi.declared(LIVE_PATH))


def added(hub: Hub, connection: Connection, command: messages.Subscribe) -> New:
    """Subscribe a connection, or disconnect it and raise `BadRequest`."""
    try:
        return hub.add(connection, command)
    except BadRequest:
        hub.disconnect(connection)
        raise


def subscription_in(request: Request, context: Context) -> messages.Subscribe:
    """The lines and streams that a request names. Raises `BadRequest`, `UnknownEntity`."""
    line_ids = names_in(request, "line_ids")
    if not line_ids:
        raise BadRequest("Must specify 'line_ids' parameter, for example line_ids=L1,L2")
    streams: Sequence[Stream] = messages.ONLY_POSITIONS
    if "streams" in request.query_params:
        streams = messages.streams_named(names_in(request, "streams"))
    unknown = next((line_id for line_id in line_ids if line_id not in context.network.line), None)
    if unknown is not None:
        raise UnknownEntity(f"Line {clipped(unknown)} not found")
    return messages.Subscribe(tuple(line_ids), streams=tuple(streams))


def names_in(request: Request, name: str) -> Sequence[str]:
    """The values of a parameter that can be repeated or have a list with commas, each once."""
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return parameters.names(",".join(text for key, text in pairs if key == name))
