"""A quiet server ends on its own once its process has ended."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest
from starlette.applications import Starlette

from services.processes.termination import closed_by_signals
from services.web.uvicorn.server import listen, quiet_server
from simulator.clock import Clock


def test_a_server_returns_if_its_process_ended_before_it_handled_signals() -> None:
    server = quiet_server(Starlette(), websockets=False, lifespan="off", ended=lambda: True)
    with closing(listen("127.0.0.1", 0)) as listener:
        server.run(sockets=[listener])
    assert server.should_exit


def test_a_second_ctrl_c_still_ends_the_application_in_order(caplog: pytest.LogCaptureFixture) -> None:
    ended = []

    @asynccontextmanager
    async def lifespan(_application: Starlette) -> AsyncIterator[None]:
        for _ in range(2):
            asyncio.get_running_loop().call_later(0.3, signal.raise_signal, signal.SIGINT)
        yield
        ended.append("in order")

    clock = Clock()
    application = Starlette(lifespan=lifespan)
    server = quiet_server(application, websockets=False, lifespan="on", ended=lambda: clock.closed)
    with closed_by_signals(clock), closing(listen("127.0.0.1", 0)) as listener:
        server.run(sockets=[listener])
    assert ended == ["in order"]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
