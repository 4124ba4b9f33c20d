"""A thousand event streams beside a thousand WebSockets, a hundred of which never read."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import process_time

import psutil
import pytest

from services.access.key_ring import parse_keys
from tests.networks import line, network, street
from tests.services.fakes import SECOND
from tests.services.live_city import TICK, city_context, hub_of, tick
from tests.services.live_clients import serving
from tests.services.web.crowd import DEAF, EACH, TEAMS

pytestmark = [pytest.mark.integration, pytest.mark.long]

KEYS = json.dumps({"api_key": "x", "keys": {f"team-{n}": f"key-{n}" for n in range(TEAMS)}})
CITY = network(line("L1", street(3), buses=2), line("L2", street(3, row=1), buses=90, first_bus=3))
BUSES = [(bus.bus_id, each.line_id) for each in CITY.lines for bus in each.buses]
TICKS = 12
MOST_MB, MOST_KB_OF_DEAF = 150, 250
TICK_S = 30.0
PATIENCE_S = 120.0


@asynccontextmanager
async def crowd(port: int, last: str) -> AsyncIterator[asyncio.StreamReader]:
    """The clients' process; yields what it prints."""
    arguments = (sys.executable, "-m", "tests.services.web.crowd", str(port), last)
    process = await asyncio.create_subprocess_exec(*arguments, stdout=PIPE)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def resident_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


def test_a_thousand_of_each_get_every_tick_in_time_and_in_bounded_memory() -> None:
    # Measured: a tick takes 46 ms of CPU to publish and 125 ms until it is read; the clients take 56 MB,
    # and what is unread 11 MB more.
    context = replace(city_context(served=CITY), key=parse_keys(KEYS))
    hub = hub_of(context)
    last = (TICK + TICKS * 30 * SECOND).strftime("%Y-%m-%dT%H:%M:%SZ")

    async def main() -> None:
        before_mb = resident_mb()
        async with serving(context) as port, crowd(port, last) as output, asyncio.timeout(PATIENCE_S):
            assert await output.readline() == b"ready\n"
            assert len(hub.subscribers_of("L1")) == 2 * (TEAMS * EACH - DEAF)
            connected_mb, began, longest_s = resident_mb(), process_time(), 0.0
            for number in range(1, TICKS + 1):
                published = process_time()
                hub.publish(tick(TICK + number * 30 * SECOND, *BUSES))
                longest_s = max(longest_s, process_time() - published)
                await asyncio.sleep(0)
            assert await output.readline() == b"done\n"
            tick_s = (process_time() - began) / TICKS
            unsent = [len(client.outbox) for client in hub.subscribers_of("L2")]
            assert longest_s < TICK_S / 10
            assert tick_s < TICK_S / 10
            assert len(unsent) == 2 * DEAF
            assert 0 < min(unsent) <= max(unsent) <= len(CITY.line["L2"].buses)
            assert resident_mb() - connected_mb < 2 * DEAF * MOST_KB_OF_DEAF / 1000
            assert resident_mb() - before_mb < MOST_MB

    asyncio.run(main())
