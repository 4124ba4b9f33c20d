"""A context for live clients: the network of `fakes` with a minute of positions, and later ticks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from services.access.authentication import ApiKey
from services.context import Context
from services.feeders.feeder import FEEDERS
from services.live.connection import Connection, ConnectionObserver
from services.live.hub import Hub
from services.live.live_hub import live_hub
from simulator.clock import Clock
from simulator.network import Network
from storage.schema import BusPosition, Stream
from tests.networks import line, street
from tests.networks import network as network_of
from tests.services.fakes import (
    HOUR,
    MINUTE,
    NOW,
    PATIENCE_S,
    RUN,
    SECOND,
    FakeWall,
    FaultyStore,
    FormulaCity,
    network,
)
from tests.storage.records import position

TICK = NOW.replace(second=0)
LATEST = "2026-03-02T07:30:00Z"
NEXT = "2026-03-02T07:30:30Z"
assert FEEDERS[2].cadence == 30 * SECOND


class ConnectionWatch:
    """Observes a hub, and waits for what its connections do."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def note(self, _connection: Connection) -> None:
        self._changed.set()

    def forget(self, _connection: Connection) -> None:
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


def city_context(
    *,
    store: FaultyStore | None = None,
    served: Network | None = None,
    observer: ConnectionObserver | None = None,
) -> Context:
    """A context whose hub has no source; its store has positions up to 07:30:00."""
    held = store or FaultyStore()
    rows = FormulaCity().window(TICK - MINUTE, TICK + SECOND, [Stream.BUS_POSITION])[Stream.BUS_POSITION]
    held.write(Stream.BUS_POSITION, rows, covers=(TICK - MINUTE, TICK + SECOND), run=RUN)
    clock = Clock(wall=FakeWall(NOW + HOUR))
    known = served or network()
    return Context(
        store=held,
        network=known,
        clock=clock,
        run=RUN,
        key=ApiKey.of("right"),
        version="1.2.3",
        live=live_hub(held, known, clock.now, observer=observer),
    )


def hub_of(context: Context) -> Hub:
    assert context.live is not None
    return context.live


def many_lines(count: int) -> Network:
    """Lines L1, L2, … of one bus each."""
    return network_of(*(line(f"L{n}", street(3), buses=1, first_bus=n) for n in range(1, count + 1)))


def tick(time: datetime, *buses: tuple[str, str]) -> Sequence[BusPosition]:
    """Positions of (bus, line) at an instant."""
    return [position(time, bus_id, line_id=line_id) for bus_id, line_id in buses]


def body(bus_id: str, line_id: str, time: str = LATEST) -> dict[str, Any]:
    """The REST body of a position of the small city."""
    return {
        "bus_id": bus_id,
        "line_id": line_id,
        "time": time,
        "latitude": 40.4169,
        "longitude": -3.7035,
        "passenger_count": 0,
        "next_stop_id": "S002",
        "distance_to_next_stop": 120.5,
        "speed": 18.3,
        "direction": 0,
        "trip_id": f"{line_id}-1",
        "capacity": 60,
        "bearing": 211.3 if line_id == "L1" else 216.6,
    }
