"""`GET /gtfs.zip`: the network as a static GTFS feed."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.context import Context
from services.errors import Conflict, InputError
from services.feeds.feed_route import add_feed_route
from services.feeds.gtfs_static.feed_content import FeedContent
from services.web.access_log import headers_of
from services.web.formats.tagged_response import names_tag
from services.web.handlers import AsyncResponse

PATH = "/gtfs.zip"
CHUNK = 262_144
"""Bytes that are handed to the server at once, so that a slow client takes little memory."""


class ZipResponse(Response):
    """A zip that is sent in pieces, at the pace of the client."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers.copy()}
        )
        whole = memoryview(self.body)
        for begin in range(0, len(whole), CHUNK):
            piece = bytes(whole[begin : begin + CHUNK])
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def add_static_feed_route(app: FastAPI, context: Context) -> None:
    """Add the route."""
    feed = FeedContent(context.network, context.scenario, context.version)
    headers = {"etag": feed.etag, "cache-control": "private, no-cache"}

    def answered(request: Request) -> AsyncResponse:
        known = headers_of(request.scope).get("if-none-match", "")

        async def respond() -> Response:
            if names_tag(known, feed.etag):
                return Response(status_code=304, headers=headers)
            try:
                content = await feed.content()
            except InputError as error:
                raise Conflict(str(error)) from error
            disposition = {"content-disposition": 'attachment; filename="gtfs.zip"'}
            return ZipResponse(content, 200, headers | disposition, "application/zip")

        return AsyncResponse(respond)

    add_feed_route(app, PATH, answered, is_open=context.open_feeds)
