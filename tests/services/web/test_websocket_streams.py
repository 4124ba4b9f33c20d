"""The WebSocket's other streams than positions, and the subprotocol that a client offers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from services.live.coverage_source import CoverageSource
from simulator.clock import Clock
from storage.schema import PeopleCount, StopVisit, Stream
from tests.services.fakes import HOUR, MINUTE, NOW, RUN, SECOND, FakeWall, FaultyStore, FormulaCity
from tests.services.live_city import TICK, city_context, hub_of, tick
from tests.services.live_clients import GOOD, TRANSPORTS, serving

pytestmark = pytest.mark.integration

COUNT = PeopleCount(TICK + MINUTE, "S002", "L1,L2", 7, 1, 2, 3)
VISIT = StopVisit(TICK + MINUTE, "B001", "L1", "S001", "L1-1", 1, 0, TICK + 50 * SECOND, True, 3, 1, 0, 12, 4)
SUBSCRIBE = '{"action":"subscribe","line_ids":["L1","L2"],"streams":["people_count","stop_visit"]}'
BOTH = {"people_count": ["L1", "L2"], "stop_visit": ["L1", "L2"]}


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=list(TRANSPORTS))
def test_counts_and_visits_carry_their_stream_and_a_shared_stops_count_comes_once(transport: Any) -> None:
    context = city_context()
    hub = hub_of(context)

    async def main() -> None:
        async with transport(context) as connected, connected() as client:
            await client.send(SUBSCRIBE)
            assert await client.receive() == {"type": "subscribed", "line_ids": ["L1", "L2"], "streams": BOTH}
            await client.send('{"action":"ping"}')
            assert await client.receive() == {"type": "pong"}
            hub.publish(tick(TICK + MINUTE, ("B001", "L1")))
            hub.publish([COUNT], Stream.PEOPLE_COUNT)
            hub.publish([VISIT], Stream.STOP_VISIT)
            found = [await client.receive() for _ in range(2)]
            assert {each["stream"]: each["time"] for each in found} == dict.fromkeys(
                BOTH, "2026-03-02T07:31:00Z"
            )
            await client.send('{"action":"unsubscribe","line_ids":["L1","L2"],"streams":["stop_visit"]}')
            assert (await client.receive())["streams"] == {"people_count": ["L1", "L2"]}
            await client.send('{"action":"subscribe","line_ids":["L1"],"streams":["trams"]}')
            assert (await client.receive())["message"].startswith("Unknown stream: trams. Must be one of")
            await client.send('{"action":"unsubscribe","line_ids":["L1","L2"]}')
            assert await client.receive() == {"type": "unsubscribed", "line_ids": []}

    asyncio.run(main())


def test_the_first_offered_subprotocol_is_answered() -> None:
    async def main() -> str | None:
        async with serving(city_context()) as port:
            offered = [Subprotocol("bus.v1"), Subprotocol("other")]
            async with connect(f"ws://127.0.0.1:{port}{GOOD}", subprotocols=offered) as client:
                await client.send('{"action":"ping"}')
                assert json.loads(await client.recv()) == {"type": "pong"}
                return client.subprotocol

    assert asyncio.run(main()) == "bus.v1"


def test_what_another_process_stores_is_sent_once() -> None:
    store, clock = FaultyStore(), Clock(wall=FakeWall(NOW + HOUR))
    context = city_context(store=store)
    hub = hub_of(context)
    source = CoverageSource(store, clock)
    source.hub = hub

    def fill(minutes: int) -> None:
        span = (TICK + minutes * MINUTE, TICK + (minutes + 1) * MINUTE)
        rows = FormulaCity().window(*span, [Stream.PEOPLE_COUNT])[Stream.PEOPLE_COUNT]
        store.write(Stream.PEOPLE_COUNT, rows, covers=span, run=RUN)

    async def reply(_text: str) -> None:
        return

    async def main() -> list[str]:
        connection = hub.connect("default", "team", reply, lambda: None)
        await hub.receive(connection, SUBSCRIBE.replace(',"stop_visit"', ""))
        fill(0)
        await asyncio.to_thread(source.poll)
        fill(1)
        clock.step(MINUTE)
        for _ in range(2):
            await asyncio.to_thread(source.poll)
            await asyncio.sleep(0)
        sent = [json.loads(text) for text in iter(connection.outbox.take, None)]
        return sorted(f"{each['stop_id']} {each['time'][14:19]}" for each in sent)

    assert asyncio.run(main()) == ["S001 31:00", "S002 31:00", "S003 31:00"]
