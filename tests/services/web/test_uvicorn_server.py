"""A quiet server ends on its own once its process has ended."""

from __future__ import annotations

from contextlib import closing

from starlette.applications import Starlette

from services.web.uvicorn.server import listen, quiet_server


def test_a_server_returns_if_its_process_ended_before_it_handled_signals() -> None:
    server = quiet_server(Starlette(), websockets=False, lifespan="off", ended=lambda: True)
    with closing(listen("127.0.0.1", 0)) as listener:
        server.run(sockets=[listener])
    assert server.should_exit
