"""uvicorn's HTTP protocol (httptools) with bounded URLs, and a JSON body for malformed requests.

The parser counts in 16 bits and fails on longer URLs without a response that says why. Here they are cut,
which bounds memory too. A cut query is still longer than `services.web.handlers.LONGEST_QUERY`, and is
refused there.
"""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.errors import BadRequest
from services.web.handlers import ENCODE

LONGEST_URL = 65_535


class BoundedProtocol(HttpToolsProtocol):
    """One HTTP connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.url = b""
        self.access_log = False  # it would contain the query string

    def on_url(self, url: bytes) -> None:
        """Append to the URL, up to `LONGEST_URL` bytes."""
        room = LONGEST_URL - len(self.url)
        if room > 0:
            super().on_url(url[:room])

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that isn't HTTP, and close."""
        content = ENCODE(BadRequest(msg).body).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()
