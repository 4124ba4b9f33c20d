"""Live records of 60 lines, more than a connection takes: all of them once, also after a lost connection."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, closing, contextmanager
from datetime import datetime
from itertools import islice

import pytest
from websockets.sync.server import ServerConnection, serve

from bus_simulator_client import AsyncClient, BadRequest, BusPosition, Client
from bus_simulator_client.live import Live
from storage.schema import PeopleCount, Stream
from tests.clients.served import GROUP, KEY, ServedCity, buses_of, served_lines
from tests.services.fakes import MINUTE
from tests.services.live_city import TICK, body, hub_of, tick
from tests.services.rest_served import wait_until

pytestmark = pytest.mark.integration

BUSES = buses_of(60)
LINES = [line_id for _, line_id in BUSES]
LATER = TICK + MINUTE


@pytest.fixture(scope="module")
def city() -> Iterator[ServedCity]:
    with served_lines(60) as served:
        yield served


def publish(city: ServedCity, time: datetime) -> None:
    """Publish a position of each bus, after a count at a stop that the lines of all connections serve."""
    hub = hub_of(city.context)
    assert hub.loop is not None
    counts = [PeopleCount(time, "S001", ",".join(sorted(LINES)), 7, 1, 2, 3)]
    hub.loop.call_soon_threadsafe(hub.publish, counts, Stream.PEOPLE_COUNT)
    hub.loop.call_soon_threadsafe(hub.publish, tick(time, *BUSES))


def seen(records: Sequence[Live]) -> list[tuple[str, datetime]]:
    """The entity and the time of each record, sorted."""
    ids = (
        each.bus_id if isinstance(each, BusPosition) else str(getattr(each, "stop_id", ""))
        for each in records
    )
    return sorted(zip(ids, (each.time for each in records), strict=True))


def expected(time: datetime) -> list[tuple[str, datetime]]:
    return [(bus_id, time) for bus_id, _ in BUSES]


def test_all_lines_come_over_two_connections_and_a_shared_stop_once(city: ServedCity) -> None:
    hub = hub_of(city.context)
    with Client(city.url, KEY, GROUP) as client:
        with closing(client.live(streams=["bus_position", "people_count"])) as live:
            assert seen(list(islice(live, 60))) == expected(TICK)
            assert hub.connections == 2
            wait_until(lambda: len(hub.wanted(Stream.PEOPLE_COUNT)) > 0)
            for time in (LATER, LATER + MINUTE):
                publish(city, time)
                assert seen(list(islice(live, 61))) == [*expected(time), ("S001", time)]
        wait_until(lambda: hub.connections == 0)
        with pytest.raises(BadRequest, match="Unknown line: L99"):
            list(client.live([*LINES, "L99"]))
        wait_until(lambda: hub.connections == 0)


def test_the_asynchronous_client_does_the_same(city: ServedCity) -> None:
    async def main() -> None:
        async with AsyncClient(city.url, KEY, GROUP) as client:
            async with aclosing(client.live(LINES)) as live:
                assert seen([await anext(live) for _ in LINES]) == expected(TICK)
                publish(city, LATER)
                assert seen([await anext(live) for _ in LINES]) == expected(LATER)
            with pytest.raises(BadRequest, match="Unknown line: L99"):
                async for _ in client.live([*LINES, "L99"]):
                    pass

    asyncio.run(main())
    wait_until(lambda: hub_of(city.context).connections == 0)


@contextmanager
def unsteady() -> Iterator[str]:
    """A server that sends a position of each line; its first connection of the last lines is lost then."""
    times = {"L1": ["07:30:00"], "L51": ["07:30:00", "07:30:30"]}

    def handle(socket: ServerConnection) -> None:
        lines = json.loads(socket.recv())["line_ids"]
        time = f"2026-03-02T{times[lines[0]].pop(0)}Z"
        socket.send(json.dumps([body(f"B0{line_id[1:]}", line_id, time) for line_id in lines]))
        if times[lines[0]] == []:
            with closing(socket):
                list(socket)

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def by_client(url: str) -> list[Live]:
    with closing(Client(url, KEY, GROUP, sleep=lambda _: None).live(LINES)) as live:
        return list(islice(live, 70))


def by_asynchronous_client(url: str) -> list[Live]:
    async def no_pause(_seconds: float) -> None:
        return

    async def main() -> list[Live]:
        async with aclosing(AsyncClient(url, KEY, GROUP, sleep=no_pause).live(LINES)) as live:
            return [await anext(live) for _ in range(70)]

    return asyncio.run(main())


@pytest.mark.parametrize("take", [by_client, by_asynchronous_client])
def test_each_connection_is_made_again_on_its_own(take: Callable[[str], list[Live]]) -> None:
    with unsteady() as url:
        times = [
            (each.line_id, f"{each.time:%H:%M:%S}") for each in take(url) if isinstance(each, BusPosition)
        ]
    assert sorted(times) == sorted(
        [(line_id, "07:30:00") for line_id in LINES] + [(line_id, "07:30:30") for line_id in LINES[50:]]
    )
