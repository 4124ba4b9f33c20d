"""Live positions from a store that another process fills."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime

import pytest

from services.live.hub import Hub
from services.live.store_source import StoreSource
from simulator.clock import Clock
from storage.errors import StoreUnavailable
from storage.schema import BusPosition, Stream
from tests.services.fakes import (
    HOUR,
    MINUTE,
    NOW,
    RUN,
    SECOND,
    FakeWall,
    FaultyStore,
    FormulaCity,
    fake_clock,
    position_text,
)

TICK = NOW.replace(second=0)
BUSES = {"L1": ["B001", "B002"], "L2": ["B003"]}


async def nothing(_stream: Stream, _lines: Sequence[str]) -> Sequence[BusPosition]:
    return ()


async def reply(_text: str) -> None:
    """Ignore replies."""


def fill(store: FaultyStore, start: datetime, end: datetime) -> None:
    rows = FormulaCity().window(start, end, [Stream.BUS_POSITION])[Stream.BUS_POSITION]
    store.write(Stream.BUS_POSITION, rows, covers=(start, end), run=RUN)


async def subscribed(hub: Hub, *line_ids: str) -> list[str]:
    """Subscribe a client to lines; the list grows with what it is sent."""
    sent: list[str] = []

    def take() -> None:
        while text := connection.outbox.take():
            sent.append(text)

    connection = hub.connect("test", "team", reply, take)
    lines = ",".join(f'"{line}"' for line in line_ids)
    await hub.receive(connection, f'{{"action":"subscribe","line_ids":[{lines}]}}')
    return sent


def polling(hub: Hub, store: FaultyStore, clock: Clock) -> StoreSource:
    poll = StoreSource(store, clock)
    poll.hub = hub
    return poll


def test_each_new_position_of_subscribed_lines_is_sent_once() -> None:
    async def scenario() -> list[str]:
        store, hub = FaultyStore(), Hub(BUSES, nothing, position_text)
        fill(store, TICK - MINUTE, TICK + SECOND)
        sent = await subscribed(hub, "L1")
        poll = polling(hub, store, Clock(wall=FakeWall(NOW + HOUR)))
        assert poll.poll()
        assert poll.poll()
        await asyncio.sleep(0)
        return sent

    sent = asyncio.run(scenario())
    assert len(sent) == 2
    assert all('"line_id":"L1"' in text and "07:30:00Z" in text for text in sent)


def test_an_incomplete_due_tick_is_polled_again() -> None:
    async def scenario() -> tuple[bool, bool]:
        store, hub = FaultyStore(), Hub(BUSES, nothing, position_text)
        fill(store, TICK - MINUTE, TICK)
        await subscribed(hub, "L1", "L2")
        poll = polling(hub, store, Clock(wall=FakeWall(NOW + HOUR)))
        before = poll.poll()
        fill(store, TICK, TICK + SECOND)
        return before, poll.poll()

    assert asyncio.run(scenario()) == (False, True)


def test_without_subscribers_the_store_is_not_read() -> None:
    store = FaultyStore()
    store.failing = StoreUnavailable("asked")
    assert polling(Hub(BUSES, nothing, position_text), store, Clock(wall=FakeWall(NOW + HOUR))).poll()


def test_an_unreachable_store_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> list[str]:
        store, hub = FaultyStore(), Hub(BUSES, nothing, position_text)
        fill(store, TICK - MINUTE, TICK + 10 * MINUTE)
        sent = await subscribed(hub, "L2")
        store.failing, store.failures = StoreUnavailable("gone"), 3
        polling(hub, store, fake_clock(lasts=2 * MINUTE)).run_until_closed()
        await asyncio.sleep(0)
        return sent

    with caplog.at_level(logging.WARNING, "bus_simulator.live"):
        sent = asyncio.run(scenario())
    assert [record.getMessage() for record in caplog.records] == ["no new positions: gone"]
    assert sent
