"""The web server over the whole application, with the status line while it serves."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from services.console.status_line import Work, no_work, status_line
from services.context import Context
from services.feeds.emt.own_port import EmtPort, served_at_root
from services.web.uvicorn.server import quiet_server

if TYPE_CHECKING:
    import uvicorn


class WebServer:
    """REST, WebSocket, MCP and the pages over one context; with `emt` EMT's API at a port of its own, too."""

    def __init__(self, context: Context, emt: EmtPort | None = None) -> None:
        from services.app import create_app

        app = create_app(context)
        if emt is not None:
            app.state.open_while_served.append(lambda: served_at_root(app, emt))
        self._context, self._requests = context, app.state.counted
        self.uvicorn: uvicorn.Server = quiet_server(
            app, websockets=True, lifespan="on", ended=lambda: context.clock.closed
        )

    def run(self, listener: socket.socket, *, with_status_line: bool = True, work: Work = no_work) -> None:
        """Answer on a listening socket until `stop`, a signal or the end of the clock.

        On a terminal a status line shows meanwhile what happens, the progress of `work` included.
        """
        if not with_status_line:
            self.uvicorn.run(sockets=[listener])
            return
        with status_line(self._context, self._requests, work):
            self.uvicorn.run(sockets=[listener])

    def stop(self) -> None:
        """Let `run` return once the current requests are answered. Safe to call from any thread."""
        self.uvicorn.should_exit = True
