import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from unittest.mock import Mock

import anyio
import pytest

from services.access.allowed_hosts import AllowedHosts
from services.agents import streamable_http
from services.agents.streamable_http import StreamableHttp
from services.context import Context


def test_the_sdk_is_imported_before_the_first_message(monkeypatch: pytest.MonkeyPatch) -> None:
    running = anyio.Event()

    @asynccontextmanager
    async def run() -> AsyncIterator[None]:
        running.set()
        yield

    sdk_server = SimpleNamespace(manager_of=lambda _context: SimpleNamespace(run=run))
    monkeypatch.setitem(sys.modules, "services.agents.sdk_server", sdk_server)
    monkeypatch.setattr(streamable_http, "IMPORTED_AFTER_S", 0)

    async def served() -> None:
        async with StreamableHttp(Mock(spec=Context), Mock(spec=AllowedHosts)).opened():
            with anyio.fail_after(30):
                await running.wait()

    anyio.run(served)
