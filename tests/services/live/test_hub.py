"""The hub without a transport: snapshots in progress, slow clients, jumps, arbitrary messages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.live.connection import Connection
from services.live.hub import Hub
from services.live.outbox import Outbox
from storage.schema import BusPosition, Stream
from tests.services.fakes import DAY, MINUTE, SECOND, position_text
from tests.services.live_city import TICK, city_context, hub_of, tick

BUSES = {"L1": ["B001", "B002"], "L2": ["B003"]}
SUBSCRIBE = '{"action":"subscribe","line_ids":["L1"]}'
BOTH = [("B001", "L1"), ("B002", "L1")]


class Listener:
    """A client in memory: its connection and the replies to it."""

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


async def nothing(_stream: Stream, _line_ids: Sequence[str]) -> Sequence[BusPosition]:
    return ()


def test_positions_published_while_the_snapshot_is_read_follow_it_in_order() -> None:
    async def main(snapshot_at: Any) -> list[tuple[str, str]]:
        asked, answer = asyncio.Event(), asyncio.Event()

        async def slow(_stream: Stream, _line_ids: Sequence[str]) -> Sequence[BusPosition]:
            asked.set()
            await answer.wait()
            return tick(snapshot_at, *BOTH)

        hub = Hub(BUSES, slow, position_text)
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


def test_a_client_that_leaves_while_its_snapshot_is_read_is_removed() -> None:
    async def main() -> None:
        async def never(_stream: Stream, _line_ids: Sequence[str]) -> Sequence[BusPosition]:
            await asyncio.Event().wait()
            return ()

        hub = Hub(BUSES, never, position_text)
        client = Listener(hub)
        subscribing = asyncio.ensure_future(hub.receive(client.connection, SUBSCRIBE))
        while not hub.subscribed_lines:
            await asyncio.sleep(0)
        subscribing.cancel()
        hub.disconnect(client.connection)
        hub.publish(tick(TICK, *BOTH))
        assert (hub.subscribed_lines, hub.connections, client.sent()) == (frozenset(), 0, [])

    asyncio.run(main())


def test_a_slow_client_holds_only_the_newest_position_of_each_bus() -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing, position_text)
        client = Listener(hub)
        await hub.receive(client.connection, SUBSCRIBE)
        for number in range(1, 1001):
            hub.publish(tick(TICK + number * 30 * SECOND, *BOTH))
            assert len(client.connection.outbox) == 2
        newest = (TICK + 30_000 * SECOND).strftime("%M:%S")
        assert times(client.sent()) == [("B001", newest), ("B002", newest)]

    asyncio.run(main())


def test_after_a_switch_of_batch_no_older_position_follows_a_newer_one() -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing, position_text)
        client = Listener(hub)
        await hub.receive(client.connection, SUBSCRIBE[:-1] + ',"batch":true}')
        hub.publish(tick(TICK, *BOTH))
        await hub.receive(client.connection, SUBSCRIBE)
        hub.publish(tick(TICK + MINUTE, BOTH[0]))
        assert times(client.sent()) == [("B001", "31:00"), ("B002", "30:00")]

    asyncio.run(main())


def test_a_position_is_serialised_once_for_all_subscribers() -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing, position_text)
        clients = [Listener(hub) for _ in range(3)]
        for client in clients:
            await hub.receive(client.connection, SUBSCRIBE)
        hub.publish(tick(TICK, BOTH[0]))
        assert len({id(client.connection.outbox.take()) for client in clients}) == 1

    asyncio.run(main())


def test_lines_without_subscribers_wake_no_client() -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing, position_text)
        client = Listener(hub)
        await hub.receive(client.connection, SUBSCRIBE)
        before = client.woken
        hub.publish(tick(TICK, ("B003", "L2"), ("B099", "L99")))
        assert (client.woken, client.sent()) == (before, [])
        assert hub.subscribed_lines == {"L1"}

    asyncio.run(main())


def test_a_jump_drops_unsent_positions_and_lets_older_ones_through() -> None:
    context = city_context()
    hub = hub_of(context)

    async def main() -> None:
        async def reply(_text: str) -> None:
            return

        connection = hub.connect("default", "group", reply, lambda: None)
        await hub.receive(connection, '{"action":"subscribe","line_ids":["L2"]}')
        assert len(connection.outbox) == 1
        hub.reset_after_jump()
        assert len(connection.outbox) == 0
        hub.publish(tick(TICK - DAY, ("B003", "L2")))
        assert len(connection.outbox) == 1

    asyncio.run(main())


def test_a_snapshot_is_read_again_after_a_jump() -> None:
    reads: list[Sequence[str]] = []

    async def snapshot(_stream: Stream, line_ids: Sequence[str]) -> Sequence[BusPosition]:
        reads.append(line_ids)
        if len(reads) == 1:
            hub.reset_after_jump()
        return tick(TICK, ("B003", "L2"))

    hub = Hub({"L2": ["B003"]}, snapshot, position_text)

    async def main() -> None:
        async def reply(_text: str) -> None:
            return

        connection = hub.connect("default", "group", reply, lambda: None)
        await hub.receive(connection, '{"action":"subscribe","line_ids":["L2"]}')
        assert len(connection.outbox) == 1

    asyncio.run(main())
    assert len(reads) == 2


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
"""Small values: Hypothesis takes longer to draw large ones than the tests to send them."""
LINES = st.lists(st.sampled_from(["L1", "L2", "L99", "", "\ud800"])) | JSON
COMMANDS = st.fixed_dictionaries(
    {},
    optional={
        "action": st.sampled_from(["subscribe", "unsubscribe", "ping", "fly"]) | JSON,
        "line_ids": LINES,
        "batch": st.booleans() | JSON,
        "streams": st.lists(st.sampled_from([*Stream, "trams", ""])) | JSON,
    },
)
MESSAGES = st.lists(st.text() | JSON.map(json.dumps) | COMMANDS.map(json.dumps), max_size=8)


@pytest.mark.integration
@given(MESSAGES)
def test_every_message_gets_a_reply_and_the_connection_stays_open(said: list[str]) -> None:
    async def main() -> None:
        hub = Hub(BUSES, nothing, position_text)
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


def test_a_tick_is_sent_at_once_unless_something_waits_or_lines_share_an_array() -> None:
    async def main() -> tuple[list[tuple[str, ...]], list[Any]]:
        sent: list[tuple[str, ...]] = []
        hub = Hub(BUSES, nothing, position_text)

        def send_now(messages: tuple[str, ...]) -> bool:
            sent.append(messages)
            return len(sent) < 3

        async def reply(_text: str) -> None:
            pass

        connection = hub.connect("default", "team", reply, lambda: None, send_now)
        await hub.receive(connection, SUBSCRIBE)
        hub.publish(tick(TICK, *BOTH))
        await hub.receive(connection, '{"action":"subscribe","line_ids":["L1"],"batch":true}')
        for minute in (1, 2, 3):  # the second time the client doesn't read, the third time something waits
            hub.publish(tick(TICK + minute * MINUTE, *BOTH))
        assert [times(json.loads(text)) for text in iter(connection.outbox.take, None)] == [
            [("B001", "33:00"), ("B002", "33:00")]
        ]
        await hub.receive(connection, '{"action":"subscribe","line_ids":["L1","L2"],"batch":true}')
        hub.publish(tick(TICK + 4 * MINUTE, *BOTH, ("B003", "L2")))
        return sent, drained(connection.outbox)

    sent, queued = asyncio.run(main())
    assert [len(messages) for messages in sent] == [2, 1, 1]
    assert times([json.loads(text) for text in sent[0]]) == [("B001", "30:00"), ("B002", "30:00")]
    assert times(json.loads(sent[1][0])) == [("B001", "31:00"), ("B002", "31:00")]
    assert [times(array) for array in queued] == [[("B001", "34:00"), ("B002", "34:00"), ("B003", "34:00")]]
