"""uvicorn's HTTP protocol (httptools) with a bound on URLs, and our error body for what is no HTTP.

The parser counts in 16 bits, and refuses longer URLs before anybody can be told why. Here they are cut, which
bounds memory, too; a cut query is still longer than `services.web.handlers.LONGEST_QUERY` and refused there.
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
        self.access_log = False  # it has the query

    def on_url(self, url: bytes) -> None:
        """Take in as much of a URL as there is room for."""
        room = LONGEST_URL - len(self.url)
        if room > 0:
            super().on_url(url[:room])

    def send_400_response(self, msg: str) -> None:
        """Refuse what isn't HTTP."""
        content = ENCODE(BadRequest(msg).body).encode()
        head = (
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()
