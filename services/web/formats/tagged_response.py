"""Responses with an entity tag, caching and compression: all entities at once, pages, the network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from anyio import to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.queries.bodies import Body
from services.web.access_log import headers_of
from services.web.formats.content_codings import CodedBody
from services.web.formats.local_times import local_times
from services.web.handlers import JSON, json_bytes
from simulator.clock import Clock

VARY = "accept-encoding, x-api-key, cookie"
"""Without key and cookie a browser's cache would answer requests that lack it."""
REVALIDATED = "private, no-cache"
"""A client asks again, with the entity tag."""


def cache_control(tick: datetime, cadence: timedelta, clock: Clock, *, is_latest: bool) -> str:
    """For how long the answer of a tick stays right: until the next tick, in whole seconds of wall time.

    While the clock is paused or as fast as possible a client asks again, with the entity tag. A tick of the
    past stays as it is unless data are replaced.
    """
    rate, missing = clock.rate, tick + cadence - clock.now()
    if missing <= timedelta() and not is_latest:
        return f"private, max-age={cadence.seconds}"
    if rate == 0 or math.isinf(rate):
        return REVALIDATED
    return f"private, max-age={max(0, int(missing.total_seconds() / rate))}"


class TaggedResponse(Response):
    """A response that may be sent any number of times, to each client in the coding that it takes."""

    def __init__(
        self, coded: CodedBody, caching: str = REVALIDATED, further: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.coded, self._caching, self._further = coded, caching, further
        self.body, self.status_code, self.media_type = coded.body, 200, coded.media_type
        self.background = None
        self.raw_headers = self._head(len(coded.body), None)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Send the body in the coding that the client takes, or 304 if it has it."""
        asked, coded = headers_of(scope), self.coded
        if names_tag(asked.get("if-none-match", ""), coded.etag):
            headers = [header for header in self._head(0, None) if header[0] not in OF_BODY]
            await self._send(send, 304, headers, b"")
            return
        coding = coded.coding(asked.get("accept-encoding", ""))
        body = coded.ready(coding)
        if body is None and coding is not None:
            body = await to_thread.run_sync(coded.make, coding)
        body = coded.body if body is None else body
        await self._send(send, 200, self._head(len(body), coding), body)

    def in_zone(self, zone: ZoneInfo) -> TaggedResponse:
        """The same response with its times in a zone."""
        body = local_times(self.coded.body, self.coded.media_type, zone)
        return TaggedResponse(CodedBody(body, self.coded.media_type), self._caching, self._further)

    def _head(self, length: int, coding: str | None) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"content-type", self.coded.media_type.encode()),
            (b"content-length", str(length).encode()),
            (b"etag", self.coded.etag.encode()),
            (b"cache-control", self._caching.encode()),
            (b"vary", VARY.encode()),
            *((name.encode(), value.encode("latin-1")) for name, value in self._further.items()),
        ]
        return headers if coding is None else [*headers, (b"content-encoding", coding.encode())]

    @staticmethod
    async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def tagged_json(body: Body) -> TaggedResponse:
    """Return a JSON body that may be long, and seldom changes."""
    return TaggedResponse(CodedBody(json_bytes(body), JSON))


OF_BODY = (b"content-type", b"content-length")


def names_tag(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names the entity tag (RFC 9110, 13.1.2: a weak comparison)."""
    named = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return "*" in named or etag.removeprefix("W/") in named
