"""The client `emt-madrid` from PyPI, unchanged: only its host leads to the simulator, over TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from emt_madrid import EMTAPIAuthenticator, EMTAPIBusStop

from services.feeds.emt.own_port import EmtPort, tls_context
from services.web.uvicorn.server import listen
from tests.services.feeds.emt.emt_served import HOST, write_certificate
from tests.services.rest_served import listening, parts


class OnlyEmt(AbstractResolver):
    """Resolves EMT's host to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        assert (host, port) == (HOST, 443)
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def emt_at(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The port of EMT's API over TLS, and its certificate."""
    certificate, key = write_certificate(tmp_path)
    context = parts(tmp_path)[0]
    with (
        closing(listen("127.0.0.1", 0)) as listener,
        listening(context, EmtPort(listener, tls_context(certificate, key))),
    ):
        yield listener.getsockname()[1], certificate


@asynccontextmanager
async def session_to(port: int, certificate: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A session that trusts the certificate alone."""
    trusted = ssl.create_default_context(cafile=certificate)
    connector = aiohttp.TCPConnector(resolver=OnlyEmt(port), ssl=trusted)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def shown(port: int, certificate: Path) -> EMTAPIBusStop:
    """Log in, and read a stop and its arrivals."""
    async with session_to(port, certificate) as session:
        token = await EMTAPIAuthenticator(session, "me@example.org", "right").authenticate()
        assert token
        stop = EMTAPIBusStop(session, token, "2")
        await stop.update_stop_info()
        await stop.update_bus_arrivals()
        return stop


def test_the_client_logs_in_and_shows_a_stop(emt_at: tuple[int, Path]) -> None:
    stop = asyncio.run(shown(*emt_at))
    info = stop.get_stop_info()
    assert (info["stop_id"], info["stop_name"]) == ("2", "S002")
    assert info["stop_coordinates"] == [-3.72, 40.4]
    assert set(info["lines"]) == {"L1", "L2"}
    assert stop.get_arrival_time("L1") == [0, 0]
    line = stop.get_line_info("L1")
    assert line is not None
    assert (line["start_time"], line["day_type"]) == ("05:30", "LA")


async def refused(port: int, certificate: Path) -> EMTAPIBusStop:
    """Log in with a wrong key, and ask with a wrong token."""
    async with session_to(port, certificate) as session:
        assert await EMTAPIAuthenticator(session, "me@example.org", "wrong").authenticate() is None
        stop = EMTAPIBusStop(session, "wrong", "2")
        await stop.update_bus_arrivals()
        return stop


def test_the_client_understands_refusals(emt_at: tuple[int, Path], caplog: pytest.LogCaptureFixture) -> None:
    stop = asyncio.run(refused(*emt_at))
    assert stop.get_stop_info()["stop_name"] is None
    assert "Invalid login credentials" in caplog.text
    assert "Error 401" in caplog.text
