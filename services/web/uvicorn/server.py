"""Listening sockets, their addresses, and a uvicorn server without logs of its own.

Requests are logged by `services.web.access_log`, in one format for every process.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from starlette.types import ASGIApp

if TYPE_CHECKING:
    import uvicorn

BACKLOG = 2048
GRACE_S = 5
"""Seconds that requests in progress may take after a stop."""
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to


def listen(host: str, port: int, *, option: str = "--port") -> socket.socket:
    """Return a listening socket; port 0 takes a free port.

    Raises OSError for a port that is in use or not allowed; its message names the address and the `option` to
    change.
    """
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        message = f"can't listen on {host} port {port}: {error.strerror}; choose another {option} or --host"
        raise OSError(error.errno, message) from error
    return listener


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """Return the URL by which this machine reaches a listener."""
    host, port = local_address(listener)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def local_address(listener: socket.socket) -> tuple[str, int]:
    """Return host and port by which this machine reaches a listener."""
    host, port = listener.getsockname()[:2]
    return WILDCARDS.get(host, host), port


def quiet_server(
    app: ASGIApp,
    *,
    websockets: bool,
    lifespan: Literal["on", "off"],
    ended: Callable[[], bool],
    tls: ssl.SSLContext | None = None,
) -> uvicorn.Server:
    """Return a uvicorn server over `app`, with the protocols of this package and without logs.

    It stops within a second after `ended()` is true. So a signal that came before uvicorn handled signals
    isn't lost: the process's own handler makes `ended` true.
    """
    import uvicorn

    from services.web.uvicorn.graceful_server import GracefulServer
    from services.web.uvicorn.http import BoundedProtocol
    from services.web.uvicorn.websocket import SERVER_OPTIONS, LiveProtocol

    async def stop_if_ended() -> None:
        if ended():
            server.should_exit = True

    config = uvicorn.Config(
        app,
        callback_notify=stop_if_ended,
        timeout_notify=0,
        http=BoundedProtocol,
        ws=LiveProtocol if websockets else "none",
        **SERVER_OPTIONS,
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing asks for the client's address
        timeout_graceful_shutdown=GRACE_S,
        backlog=BACKLOG,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    server = GracefulServer(config)
    return server
