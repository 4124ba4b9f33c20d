"""The hub without a transport: snapshots that are on their way, slow readers, nonsense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.live.hub import Connection, Hub
from services.live.outbox import Outbox
from storage.schema import BusPosition
from tests.services.fakes import MINUTE, SECOND
from tests.services.live_city import TICK, tick

BUSES = {"L1": ["B001", "B002"], "L2": ["B003"]}
SUBSCRIBE = '{"action":"subscribe","line_ids":["L1"]}'
BOTH = [("B001", "L1"), ("B002", "L1")]


class Listener:
    """A client in memory: what it was answered, and its connection."""

    def __init__(self, hub: Hub) -> None:
        self.answers: list[Any] = []
        self.woken = 0
        self.connection: Connection = hub.connect("default", "team", self.reply, self.wake)

    async def reply(self, text: str) -> None:
        self.answers.append(json.loads(text))

    def wake(self) -> None:
        self.woken += 1

    def sent(self) -> list[Any]:
        return drained(self.connection.outbox)


def drained(outbox: Outbox) -> list[Any]:
    return [json.loads(text) for text in iter(outbox.take, None)]


def times(positions: Sequence[Any]) -> list[tuple[str, str]]:
    return [(position["bus_id"], position["time"][14:19]) for position in positions]


async def nothing(_line_ids: Sequence[str]) -> Sequence[BusPosition]:
    return ()


def test_what_is_published_while_the_snapshot_is_read_is_neither_lost_nor_overtaken() -> None:
    async def main(snapshot_at: Any) -> list[tuple[str, str]]:
        asked, answer = asyncio.Event(), asyncio.Event()

        async def slow(_line_ids: Sequence[str]) -> Sequence[BusPosition]:
            asked.set()
            await answer.wait()
            return tick(snapshot_at, *BOTH)

        hub = Hub(BUSES, slow)
        client = Listener(hub)
        subscribing = asyncio.ensure_future(hub.receive(client.connection, SUBSCRIBE))
        await asked.wait()
        assert client.answers == [{"type": "subscribed", "line_ids": ["L1"]}]
        hub.publish(tick(TICK + 30 * SECOND, *BOTH))
        assert client.sent() == []
        answer.set()
        await subscribing
        hub.publish(tick(TICK + MINUTE, BOTH[0]))
        return times(client.sent())

    older = asyncio.run(main(TICK))
    assert older == [("B001", "31:00"), ("B002", "30:30")]
    same = asyncio.run(main(TICK + 30 * SECOND))
    assert same == older
    newer = asyncio.run(main(TICK + MINUTE))
    assert newer == [("B001", "31:00"), ("B002", "31:00")]


def test_a_client_that_goes_while_its_snapshot_is_read_leaves_nothing_behind() -> None:
    async def main() -> None:
        async def never(_line_ids: Sequence[str]) -> Sequence[BusPosition]:
            await asyncio.Event().wait()
            return ()

        hub = Hub(BUSES, never)
        client = Listener(hub)
        subscribing = asyncio.ensure_future(hub.receive(client.connection, SUBSCRIBE))
        while not hub.subscribed_lines:
            await asyncio.sleep(0)
        subscribing.cancel()
        hub.disconnect(client.connection)
        hub.publish(tick(TICK, *BOTH))
        assert (hub.subscribed_lines, hub.connections, client.sent()) == (frozenset(), 0, [])

    asyncio.run(main())


def test_a_slow_reader_gets_the_newest_position_of_each_bus_and_holds_no_more() -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing)
        client = Listener(hub)
        await hub.receive(client.connection, SUBSCRIBE)
        for number in range(1, 1001):
            hub.publish(tick(TICK + number * 30 * SECOND, *BOTH))
            assert len(client.connection.outbox) == 2
        newest = (TICK + 30_000 * SECOND).strftime("%M:%S")
        assert times(client.sent()) == [("B001", newest), ("B002", newest)]

    asyncio.run(main())


def test_who_switches_to_batches_is_never_sent_an_older_position_after_a_newer_one() -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing)
        client = Listener(hub)
        await hub.receive(client.connection, SUBSCRIBE[:-1] + ',"batch":true}')
        hub.publish(tick(TICK, *BOTH))
        await hub.receive(client.connection, SUBSCRIBE)
        hub.publish(tick(TICK + MINUTE, BOTH[0]))
        assert times(client.sent()) == [("B001", "31:00"), ("B002", "30:00")]

    asyncio.run(main())


def test_a_position_is_serialised_once_however_many_want_it() -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing)
        clients = [Listener(hub) for _ in range(3)]
        for client in clients:
            await hub.receive(client.connection, SUBSCRIBE)
        hub.publish(tick(TICK, BOTH[0]))
        assert len({id(client.connection.outbox.take()) for client in clients}) == 1

    asyncio.run(main())


def test_nobody_is_woken_for_lines_that_nobody_wants() -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing)
        client = Listener(hub)
        await hub.receive(client.connection, SUBSCRIBE)
        before = client.woken
        hub.publish(tick(TICK, ("B003", "L2"), ("B099", "L99")))
        assert (client.woken, client.sent()) == (before, [])
        assert hub.subscribed_lines == {"L1"}

    asyncio.run(main())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
LINES = st.lists(st.sampled_from(["L1", "L2", "L99", "", "\ud800"])) | JSON
COMMANDS = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["subscribe", "unsubscribe", "ping", "fly"]) | JSON,
        "line_ids": LINES,
        "batch": st.booleans() | JSON,
    },
)
MESSAGES = st.lists(st.text() | JSON.map(json.dumps) | COMMANDS.map(json.dumps), max_size=8)


@pytest.mark.integration
@given(MESSAGES)
def test_whatever_is_said_is_answered_and_the_connection_stays(said: list[str]) -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing)
        client = Listener(hub)
        for message in said:
            await hub.receive(client.connection, message)
            hub.publish(tick(TICK, *BOTH))
        assert len(client.answers) == len(said)
        assert {answer["type"] for answer in client.answers} <= {
            "subscribed",
            "unsubscribed",
            "pong",
            "error",
        }
        assert hub.subscribed_lines == set(client.connection.lines)
        hub.disconnect(client.connection)
        assert (hub.connections, hub.subscribed_lines) == (0, frozenset())

    asyncio.run(main())
