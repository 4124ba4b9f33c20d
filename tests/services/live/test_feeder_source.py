"""Positions from feeder threads to clients: every tick once, in order, and when it is due."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from services.feeders.feeder import FEEDERS, Feeder
from services.live.feeder_source import FeederSource
from services.live.hub import Hub
from simulator.clock import MAX, Clock
from storage.errors import StoreUnavailable
from storage.schema import BusPosition, Record, Stream
from tests.services.fakes import (
    HOUR,
    NOW,
    RUN,
    SECOND,
    FaultyStore,
    FormulaCity,
    expected,
    fake_clock,
    position_text,
)
from tests.services.live_city import TICK, city_context, hub_of
from tests.services.live_clients import GOOD, asgi

POSITIONS = FEEDERS[2]


class Collector(Hub):
    """A hub that collects published ticks."""

    def __init__(self, *wanted: str) -> None:
        async def nothing(_stream: Stream, _line_ids: Sequence[str]) -> Sequence[BusPosition]:
            return ()

        super().__init__({"L1": ["B001", "B002"], "L2": ["B003"]}, nothing, position_text)
        self.subscribed_lines = frozenset(wanted)
        self.published: list[list[BusPosition]] = []

    def publish(self, records: Iterable[Record], stream: Stream = Stream.BUS_POSITION) -> None:
        assert stream is Stream.BUS_POSITION
        self.published.append([record for record in records if isinstance(record, BusPosition)])


def feeder(
    hub: Hub, clock: Clock, store: FaultyStore | None = None, *, drives: bool = True
) -> tuple[Feeder, FeederSource]:
    """A bus-position feeder from `TICK` on, which drives the clock, and its source of the hub's positions."""
    feed = FeederSource(hub)

    def on_tick() -> None:
        if drives:
            clock.drive(made.last_tick, clock.course)
        feed.release(clock.moment())

    made = Feeder(
        POSITIONS,
        model=FormulaCity(),
        store=store or FaultyStore(),
        run=RUN,
        clock=clock,
        start=TICK,
        on_tick=on_tick,
        on_write=feed.written,
    )
    return made, feed


async def in_thread(job: object) -> None:
    """Run a job in a thread, then let the event loop run what it scheduled."""
    assert callable(job)
    await asyncio.to_thread(job)
    for _ in range(1000):
        await asyncio.sleep(0)


def published_by(hub: Collector, clock: Clock, *, failures: int = 0) -> list[list[BusPosition]]:
    async def main() -> None:
        hub.loop = asyncio.get_running_loop()
        store = FaultyStore()
        made, _ = feeder(hub, clock, store)
        if failures:
            store.failing, store.failures = StoreUnavailable("gone"), failures
        await in_thread(made.run_until_closed)

    asyncio.run(main())
    return hub.published


@pytest.mark.parametrize("rate", [1.0, 60.0, 3600.0])
def test_ticks_are_published_one_at_a_time_in_order(rate: float) -> None:
    ticks = published_by(Collector("L1", "L2"), fake_clock(lasts=timedelta(minutes=20) / rate, rate=rate))
    times = [tick[0].time for tick in ticks]
    assert times == [TICK + n * 30 * SECOND for n in range(len(ticks))]
    assert len(ticks) >= 40
    assert [position for tick in ticks for position in tick] == expected(
        Stream.BUS_POSITION, TICK, times[-1] + SECOND
    )


def test_only_lines_with_subscribers_become_records() -> None:
    ticks = published_by(Collector("L2"), fake_clock(lasts=2 * 60 * SECOND))
    assert {position.line_id for tick in ticks for position in tick} == {"L2"}
    assert published_by(Collector(), fake_clock(lasts=2 * 60 * SECOND)) == []


def test_a_store_that_fails_for_a_while_delays_ticks_but_repeats_none() -> None:
    ticks = published_by(Collector("L2"), fake_clock(lasts=5 * 60 * SECOND), failures=3)
    times = [tick[0].time for tick in ticks]
    assert times == [TICK + n * 30 * SECOND for n in range(len(ticks))]
    assert len(ticks) >= 10


def test_at_rate_max_nothing_is_published_before_the_clock_reaches_it() -> None:
    hub = Collector("L2")
    clock = Clock(start=NOW, rate=MAX)

    async def main() -> None:
        hub.loop = asyncio.get_running_loop()
        made, feed = feeder(hub, clock, drives=False)
        await in_thread(made.step)
        assert made.last_tick > NOW + HOUR / 4
        assert [tick[0].time for tick in hub.published] == [TICK]
        clock.drive(made.last_tick, clock.course)
        await in_thread(lambda: feed.release(clock.moment()))
        assert hub.published[-1][0].time == made.last_tick
        assert len(hub.published) == (made.last_tick - TICK) / (30 * SECOND) + 1

    asyncio.run(main())


def test_without_a_running_event_loop_nothing_is_published() -> None:
    hub = Collector("L1")
    clock = fake_clock(lasts=60 * SECOND)
    feeder(hub, clock)[0].step()
    hub.loop = asyncio.new_event_loop()
    hub.loop.close()
    feeder(hub, clock)[0].step()
    assert hub.published == []


@pytest.mark.integration
def test_a_blocked_event_loop_keeps_a_bounded_number_of_ticks() -> None:
    hub = Collector("L1")

    async def main() -> None:
        hub.loop = asyncio.get_running_loop()
        clock = Clock(start=NOW, rate=MAX)
        made, feed = feeder(hub, clock)
        working = threading.Thread(target=lambda: [made.step() for _ in range(24)])
        working.start()
        working.join()  # in the loop's own thread: it stands still
        while not feed.waiting_ticks:
            await asyncio.sleep(0)
        assert feed.waiting_ticks <= 480
        for _ in range(1000):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert len(hub.published) <= 2 * 480
    assert hub.published[-1][0].time > NOW + 20 * HOUR


def test_a_single_and_a_batch_client_get_each_bus_of_their_lines_every_30_s() -> None:
    """An hour of simulated time, no real one."""
    context = city_context()
    hub = hub_of(context)
    ticks = 120

    async def main() -> None:
        async with asgi(context) as connect, AsyncExitStack() as stack:
            single, batch = [await stack.enter_async_context(connect(GOOD)) for _ in range(2)]
            await single.send('{"action":"subscribe","line_ids":["L1"]}')
            await batch.send('{"action":"subscribe","line_ids":["L1","L2"],"batch":true}')
            singles = [await single.receive() for _ in range(3)]
            batches = [await batch.receive() for _ in range(2)]
            clock = fake_clock(lasts=timedelta(seconds=30 * ticks))
            await in_thread(feeder(hub, clock)[0].run_until_closed)
            singles = [*singles[1:], *[await single.receive() for _ in range(2 * ticks)]]
            batches = [batches[1], *[await batch.receive() for _ in range(ticks)]]
        seconds = [n * 30 for n in range(ticks + 1)]
        times = [(TICK + n * SECOND).strftime("%Y-%m-%dT%H:%M:%SZ") for n in seconds]
        for bus_id in ("B001", "B002"):
            assert [each["time"] for each in singles if each["bus_id"] == bus_id] == times
        assert [{each["bus_id"]: each["time"] for each in array} for array in batches] == [
            dict.fromkeys(("B001", "B002", "B003"), time) for time in times
        ]

    asyncio.run(main())
