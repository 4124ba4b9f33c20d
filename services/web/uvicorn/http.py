"""uvicorn's HTTP protocol (httptools) with bounded URLs, and a JSON body for malformed requests.

The parser counts in 16 bits and fails on longer URLs without a response that says why. Here they are cut,
which bounds memory too. A cut query is still longer than `services.web.handlers.LONGEST_QUERY`, and is
refused there.

uvicorn writes the head and the body of a response one after the other. Gathered until the end of the event
loop's round they are one system call and one packet, and a waiting client is woken once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.errors import BadRequest
from services.web.handlers import ENCODE
from services.web.live.event_stream import EVENT_STREAM

LONGEST_URL = 65_535
MOST_GATHERED = 64 * 1024
"""Bytes after which the gathered ones are sent at once."""
MOST_UNSENT = 32 * 1024
"""Bytes of an event stream that wait in the transport before its sender pauses; twice that in the kernel."""
LAST_CHUNK = b"0\r\n\r\n"
LINGER_S = 1.0
"""How long a client may take to read the rest of a stream of events."""


class CorkedTransport(asyncio.Transport):
    """Writes to `under`, once a round of `loop`. Whoever uses `under` itself must call `flush` first."""

    def __init__(self, under: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._under, self._loop = under, loop
        self._gathered: list[bytes] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send `data` at the end of the round."""
        if not self._gathered:
            self._loop.call_soon(self.flush)
        self._gathered.append(bytes(data))
        self._size += len(data)
        if self._size > MOST_GATHERED:
            self.flush()

    def flush(self) -> None:
        """Send what is gathered."""
        if self._gathered:
            gathered, self._gathered, self._size = self._gathered, [], 0
            if not self._under.is_closing():
                self._under.write(b"".join(gathered))

    def is_closing(self) -> bool:
        """Whether the transport is closing or closed."""
        return self._under.is_closing()

    def close(self) -> None:
        """Send what is gathered, then close."""
        self.flush()
        self._under.close()


class BoundedProtocol(HttpToolsProtocol):
    """One HTTP connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.url = b""
        self._is_streaming = False
        self.access_log = False  # it would contain the query string

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Answer through a transport that gathers writes."""
        super().connection_made(transport)
        self._corked = CorkedTransport(transport, self.loop)

    def data_received(self, data: bytes) -> None:
        """Send earlier responses before anything that these bytes cause: a 400, an upgrade."""
        self._corked.flush()
        super().data_received(data)

    def eof_received(self) -> None:
        """Send responses before the connection closes, as it does when the client has sent everything."""
        self._corked.flush()
        super().eof_received()

    def on_headers_complete(self) -> None:
        """Let the request that now begins answer through the gathering transport."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:  # not so for an upgrade
            self.cycle.transport = self._corked
            extensions: dict[str, object] = {EVENT_STREAM: self.stream_events}
            self.scope["extensions"] = extensions  # type: ignore[typeddict-item]  # ours

    def stream_events(self) -> Callable[[], None]:
        """Prepare for an event stream: bound what waits for the client; return how to abort it."""
        self._is_streaming = True
        self.transport.set_write_buffer_limits(high=MOST_UNSENT)
        self.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_SNDBUF, 2 * MOST_UNSENT)
        return self.transport.abort

    def shutdown(self) -> None:
        """Send complete responses before the connection closes; end a response that doesn't end by itself."""
        self._corked.flush()
        if not self._is_streaming or self.cycle.response_complete:
            super().shutdown()
            return
        if self.cycle.chunked_encoding and not self.flow.write_paused:
            self.transport.write(LAST_CHUNK)
        self.cycle.disconnected = True
        self.cycle.message_event.set()
        self.flow.resume_writing()
        self.transport.close()
        self.loop.call_later(LINGER_S, self.transport.abort)

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
