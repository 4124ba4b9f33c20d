"""uvicorn's WebSocket protocol (websockets, sans I/O) with other rules for silent and slow clients.

uvicorn closes with 1011 when one pong is late; here a client may be silent for `silence_s`, then the server
closes with 1001. Query strings, which hold the key, aren't logged. A client that doesn't read can't keep its
connection open, nor delay the end of the process.
"""

from __future__ import annotations

import logging
from asyncio.transports import BaseTransport
from functools import lru_cache
from socket import SO_SNDBUF, SOL_SOCKET
from typing import Any, ClassVar, TypedDict

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State

from services.live.messages import LONGEST_MESSAGE_BYTES
from services.web.websocket import SEND_NOW

GOING_AWAY = 1001


class WebSocketOptions(TypedDict):
    """The options of `uvicorn.Config` for WebSockets."""

    ws_max_size: int
    ws_ping_interval: float
    ws_ping_timeout: None
    ws_per_message_deflate: bool


SERVER_OPTIONS: WebSocketOptions = {
    "ws_max_size": LONGEST_MESSAGE_BYTES,
    "ws_ping_interval": 30.0,
    "ws_ping_timeout": None,
    "ws_per_message_deflate": False,
}
"""Options for `uvicorn.Config` with `ws=LiveProtocol`. Compression would cost many times the sending."""


@lru_cache(maxsize=4)
def frames_of(messages: tuple[str, ...]) -> bytes:
    """The WebSocket frames of text messages, which one line's subscribers get one after the other."""
    return b"".join(Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in messages)


class QuietLogger(logging.LoggerAdapter[logging.Logger]):
    """Drops messages below warnings: uvicorn's contain the query string, and so the key."""

    level = logging.WARNING

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging's name
        """Whether messages of a level are logged."""
        return level >= logging.WARNING and super().isEnabledFor(level)


class LiveProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection."""

    silence_s: ClassVar[float] = 600.0
    """How long a client may send neither a message nor a pong."""
    linger_s: ClassVar[float] = 1.0
    """How long a client may take to answer a close frame."""
    most_unsent: ClassVar[int] = 32 * 1024
    """Bytes that wait in the transport before senders pause; the kernel's buffer is set to twice that."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.logger = QuietLogger(logging.getLogger("bus_simulator.websocket"))  # type: ignore[assignment]
        self.conn.debug = False  # it would log the request
        self._heard_at = self.loop.time()

    def connection_made(self, transport: BaseTransport) -> None:
        """Set the bounds of the send buffers."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=self.most_unsent)
        socket = self.transport.get_extra_info("socket")
        socket.setsockopt(SOL_SOCKET, SO_SNDBUF, 2 * self.most_unsent)

    def data_received(self, data: bytes) -> None:
        """Discard data after a message that was refused; answer a handshake that couldn't be parsed."""
        if self.conn.parser_exc is None:
            super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_connect(self, event: Request) -> None:
        """Offer the application `send_now`, as an extension of ASGI."""
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, object] = self.scope["extensions"]  # type: ignore[assignment]
            extensions[SEND_NOW] = self.send_now

    def send_now(self, messages: tuple[str, ...]) -> bool:
        """Send text messages if the client keeps up; otherwise send none, and return False."""
        if not (self.handshake_complete and self.writable.is_set()) or self.close_sent or self.disconnected:
            return False
        if self.conn.state is not State.OPEN or self.conn.extensions or self.transport.is_closing():
            return False
        self.transport.write(frames_of(messages))
        return True

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message of the application.

        A refused handshake is marked complete, or uvicorn would log an error.
        """
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        """Note that the client is alive, and pass its message on."""
        self._heard_at = self.loop.time()
        super().send_receive_event_to_app()

    def handle_pong(self, event: Frame) -> None:
        """Note that the client is alive."""
        self._heard_at = self.loop.time()
        super().handle_pong(event)

    def handle_ping(self) -> None:
        """Send a pong, unless earlier ones wait because the client doesn't read."""
        output = self.conn.data_to_send()
        if self.writable.is_set():
            self.transport.write(b"".join(output))

    def send_keepalive_ping(self) -> None:
        """Send a ping, or close the connection of a silent client."""
        if self.loop.time() - self._heard_at < self.silence_s:
            super().send_keepalive_ping()
        elif not (self.close_sent or self.transport.is_closing()):
            self.conn.send_close(GOING_AWAY, "nothing heard")
            self._go()

    def handle_parser_exception(self) -> None:
        """Send the close frame and wait for the client's.

        Closing the socket at once, while the client still sends, would reset it and lose the frame.
        """
        self._go()

    def shutdown(self) -> None:
        """Send a close frame, and abort the connection soon after if the client doesn't read it."""
        super().shutdown()
        self.loop.call_later(self.linger_s, self.transport.abort)

    def _go(self) -> None:
        """Send the close frame, end the application, and wait a little for the client's own close."""
        closed = self.conn.close_sent
        self.queue.put_nowait({"type": "websocket.disconnect", "code": closed.code if closed else 1006})
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.close_sent = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.linger_s, self.transport.abort)
