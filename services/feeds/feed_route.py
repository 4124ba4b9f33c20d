"""Routes of feeds that other programs read: open on a loopback address, elsewhere with a key and a group.

Such programs take a URL and can't send this API's headers, so the URL may have key and group:
`?key=…&group=…`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from services.access.authentication import GROUP_HEADER, KEY_HEADER, credentials_in
from services.web.access_log import BY_NAME, headers_of
from services.web.handlers import OPEN, Handler, Route

IN_QUERY = {"key": KEY_HEADER, "group": GROUP_HEADER}


class FeedRoute(Route):
    """A feed's route, whose query may have key, group and the parameters that are described."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        described = (self.openapi_extra or {}).get("parameters", ())
        self.parameters = frozenset(IN_QUERY) | {each["name"] for each in described}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, as if key and group of the query were headers."""
        offered = credentials_in(dict(Request(scope).query_params), IN_QUERY)
        scope[BY_NAME] = headers_of(scope) | offered
        await self.respond(scope, receive, send)

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whose credentials are among the headers."""
        await super().handle(scope, receive, send)


def add_feed_route(
    app: FastAPI, path: str, handler: Handler, *, is_open: bool, parameters: Sequence[str] = ()
) -> None:
    """Add a feed's route, with `parameters` of its own; unless it `is_open`, it needs key and group.

    OpenAPI leaves it out: a feed's format has a description of its own.
    """
    app.router.add_api_route(
        path,
        handler,
        include_in_schema=False,
        response_model=None,
        openapi_extra={
            **(OPEN if is_open else {}),
            "parameters": [{"name": name, "in": "query"} for name in parameters],
        },
        route_class_override=FeedRoute,
    )
