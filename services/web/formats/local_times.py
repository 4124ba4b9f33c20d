"""Times of an answer in another zone than UTC, for requests with `tz`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.responses import Response

INSTANT = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z"
IN_TEXT: Mapping[str, re.Pattern[bytes]] = {
    "json": re.compile(rb'(?<=")' + INSTANT + rb'(?=")'),
    "csv": re.compile(rb"(?<![^,\n])" + INSTANT + rb"(?![^,\r])"),
}
"""An instant that is a whole value, as `format_instant` writes it, in a body of each kind."""


def in_zone(response: Response, zone: ZoneInfo) -> Response:
    """Return a response with its times in a zone, such as `2026-03-02T08:30:00+01:00`.

    Bodies other than JSON and CSV, and those that are streamed, stay as they are.
    """
    if not hasattr(response, "body"):
        return response
    body = local_times(bytes(response.body), response.media_type or "", zone)
    headers = {name.decode(): value.decode("latin-1") for name, value in response.raw_headers}
    return Response(body, response.status_code, headers | {"content-length": str(len(body))})


def local_times(body: bytes, media_type: str, zone: ZoneInfo) -> bytes:
    """Return a body with its times in a zone."""
    instant = next((pattern for kind, pattern in IN_TEXT.items() if kind in media_type), None)
    if instant is None:
        return body
    seen: dict[bytes, bytes] = {}

    def local(found: re.Match[bytes]) -> bytes:
        text = found[0]
        if text not in seen:
            seen[text] = local_time(text.decode(), zone).encode()
        return seen[text]

    return instant.sub(local, body)


def local_time(text: str, zone: ZoneInfo) -> str:
    """Return an instant as `format_instant` writes it with the offset of a zone."""
    timespec = "milliseconds" if "." in text else "seconds"
    return datetime.fromisoformat(text).astimezone(zone).isoformat(timespec=timespec)
