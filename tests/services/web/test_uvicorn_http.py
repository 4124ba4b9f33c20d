"""The transport that gathers writes, and the server that answers through it."""

from __future__ import annotations

import asyncio

from services.app import create_app
from services.web.uvicorn.http import MOST_GATHERED, CorkedTransport
from services.web.uvicorn.server import listen, quiet_server
from tests.services.fakes import PATIENCE_S
from tests.services.live_city import city_context

REQUEST = (
    b"GET /people-count/S009?mode=latest HTTP/1.1\r\nHost: x\r\nx-api-key: right\r\nx-group-name: a\r\n\r\n"
)


class Wire(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def test_writes_of_a_round_are_sent_together_at_its_end() -> None:
    async def run() -> None:
        wire = Wire()
        corked = CorkedTransport(wire, asyncio.get_running_loop())
        corked.write(b"head ")
        corked.write(b"body")
        assert wire.written == []
        await asyncio.sleep(0)
        assert wire.written == [b"head body"]

    asyncio.run(run())


def test_much_is_sent_at_once_and_closing_sends_the_rest_first() -> None:
    async def run() -> None:
        wire = Wire()
        corked = CorkedTransport(wire, asyncio.get_running_loop())
        corked.write(bytes(MOST_GATHERED + 1))
        assert len(wire.written) == 1
        corked.write(b"rest")
        corked.close()
        assert (wire.written[1:], wire.closed) == ([b"rest"], True)
        corked.write(b"too late")
        await asyncio.sleep(0)
        assert wire.written[1:] == [b"rest"]

    asyncio.run(run())


def test_requests_in_one_packet_are_answered_in_order_also_before_a_malformed_one() -> None:
    async def run() -> bytes:
        server = quiet_server(
            create_app(city_context()), websockets=True, lifespan="off", ended=lambda: False
        )
        with listen("127.0.0.1", 0) as listener:
            serving = asyncio.ensure_future(server.serve(sockets=[listener]))
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            async with asyncio.timeout(PATIENCE_S):
                writer.write(2 * REQUEST)
                first_two = [await one_response(reader) for _ in range(2)]
                writer.write(b"nonsense\r\n\r\n")
                rest = await reader.read()
            writer.close()
            server.should_exit = True
            await serving
        assert first_two[0] == first_two[1]
        assert first_two[0].startswith(b"HTTP/1.1 404")
        return rest

    assert asyncio.run(run()).startswith(b"HTTP/1.1 400")


async def one_response(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = (int(line[16:]) for line in head.split(b"\r\n") if line.startswith(b"content-length: "))
    return head + await reader.readexactly(length)
