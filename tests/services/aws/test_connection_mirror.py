"""A server's WebSocket connections mirrored in DynamoDB."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.aws.connection_mirror import LIFETIME_S, ConnectionMirror, mirroring
from services.aws.connections import ConnectionTables, Subscriber
from services.live.connection import Connection
from services.live.hub import Hub
from services.settings import CONNECTIONS_TABLE, SUBSCRIPTIONS_TABLE
from storage.schema import BusPosition, Stream
from tests.services.aws.tables import HandWatch, OneAtATime, made_tables
from tests.services.fakes import position_text
from tests.services.rest_served import wait_until

pytestmark = pytest.mark.usefixtures("aws")

BUSES: dict[str, list[str]] = {f"L{number}": [f"B{number:03d}"] for number in range(1, 120)}
PATIENCE_S = 30


class Away(OneAtATime):
    """A DynamoDB client that can be made unavailable."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.away, self.refused = False, threading.Event()

    def transact_write_items(self, **asked: Any) -> Any:
        """Make the changes; fail while unavailable."""
        if self.away:
            self.refused.set()
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": "away"}}, "Transact")
        return self._client.transact_write_items(**asked)


class Client:
    """A hub's client that sends messages and reads nothing."""

    def __init__(self, hub: Hub, group: str) -> None:
        self.hub = hub
        self.connection: Connection = hub.connect("default", group, self._reply, lambda: None)

    async def _reply(self, _text: str) -> None:
        """Ignore replies."""

    async def wants(self, *line_ids: str, action: str = "subscribe", batch: bool = False) -> None:
        lines = ",".join(f'"{line_id}"' for line_id in line_ids)
        text = f'{{"action":"{action}","line_ids":[{lines}],"batch":{str(batch).lower()}}}'
        await self.hub.receive(self.connection, text)


async def nothing(_stream: Stream, _line_ids: Sequence[str]) -> Sequence[BusPosition]:
    return ()


class Held:
    """A hub with a mirror in moto's tables."""

    def __init__(self) -> None:
        self.watch, self.elapsed_s = HandWatch(), 0.0
        _, self.dynamodb = made_tables(self.watch)
        self.client = Away(self.dynamodb)
        self.tables = ConnectionTables(self.client, wall_s=self.watch)
        self.mirror = ConnectionMirror(self.tables, wall_s=self.watch)
        self.hub = Hub(BUSES, nothing, position_text, observer=self.mirror)

    def rows(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.dynamodb.scan(TableName=table)["Items"]
        return found


@pytest.fixture
def held(aws: None) -> Held:
    return Held()


@pytest.mark.integration
def test_the_tables_have_each_connection_and_its_lines(held: Held) -> None:
    async def main() -> None:
        first, second = Client(held.hub, "team-alpha"), Client(held.hub, "team-beta")
        held.mirror.write()
        names = {row["connection_id"]["S"]: row for row in held.rows(CONNECTIONS_TABLE)}
        assert names.keys() == {first.connection.connection_id, second.connection.connection_id}
        mine = first.connection.connection_id
        assert names[mine] == {
            "connection_id": {"S": mine},
            "group_name": {"S": "team-alpha"},
            "connected_at": {"S": "2026-03-02T07:30:10Z"},
            "subscribed_lines": {"L": []},
            "revision": {"N": "0"},
            "ttl": {"N": str(int(held.watch.seconds + LIFETIME_S))},
        }
        await first.wants("L2", "L1")
        await second.wants("L1", batch=True)
        held.watch.seconds += 10
        held.mirror.write()
        assert held.tables.lines_of(mine) == ["L1", "L2"]
        assert set(held.tables.connections_of("L1")) == {
            Subscriber(mine, batch=False),
            Subscriber(second.connection.connection_id, batch=True),
        }
        assert held.tables.count_of_group("team-alpha") == 1
        (row,) = (row for row in held.rows(CONNECTIONS_TABLE) if row["connection_id"]["S"] == mine)
        assert row["connected_at"] == {"S": "2026-03-02T07:30:10Z"}
        await first.wants("L2", action="unsubscribe")
        held.mirror.write()
        assert held.tables.connections_of("L2") == []
        held.hub.disconnect(first.connection)
        held.hub.disconnect(second.connection)
        held.mirror.write()
        assert held.rows(CONNECTIONS_TABLE) == held.rows(SUBSCRIPTIONS_TABLE) == []

    asyncio.run(main())


def test_a_refused_message_leaves_the_tables_unchanged(held: Held) -> None:
    async def main() -> None:
        client = Client(held.hub, "a")
        await client.wants("L1")
        held.mirror.write()
        before = held.rows(CONNECTIONS_TABLE), held.rows(SUBSCRIPTIONS_TABLE)
        await client.wants("L2", "L999")
        held.mirror.write()
        assert (held.rows(CONNECTIONS_TABLE), held.rows(SUBSCRIPTIONS_TABLE)) == before

    asyncio.run(main())


def test_all_lines_may_change_at_once(held: Held) -> None:
    async def main() -> None:
        client = Client(held.hub, "a")
        first, second = ([f"L{number}" for number in few] for few in (range(1, 51), range(51, 101)))
        await client.wants(*first)
        held.mirror.write()
        await client.wants(*first, action="unsubscribe")
        await client.wants(*second)
        held.mirror.write()
        assert {row["line_id"]["S"] for row in held.rows(SUBSCRIPTIONS_TABLE)} == set(second)

    asyncio.run(main())


def test_failed_changes_are_written_once_dynamodb_is_back(
    held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> tuple[Client, Client]:
        gone, stays = Client(held.hub, "a"), Client(held.hub, "a")
        await gone.wants("L1")
        await stays.wants("L1")
        held.mirror.write()
        held.client.away = True
        await stays.wants("L2")
        held.hub.disconnect(gone.connection)
        return gone, stays

    _, stays = asyncio.run(main())
    with caplog.at_level(logging.WARNING, "bus_simulator.live"), mirroring(held.mirror):
        assert held.client.refused.wait(PATIENCE_S)
        held.client.away = False
        wait_until(lambda: len(held.rows(CONNECTIONS_TABLE)) == 1)
        wait_until(lambda: len(held.rows(SUBSCRIPTIONS_TABLE)) == 2)
    name = stays.connection.connection_id
    assert held.tables.connections_of("L1") == held.tables.connections_of("L2") == [Subscriber(name, False)]
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "subscriptions not written, retrying"
    ]


def test_all_items_are_rewritten_before_they_expire(held: Held) -> None:
    async def main() -> None:
        await Client(held.hub, "a").wants("L1")

    mirror = ConnectionMirror(held.tables, rewrite_s=0.05, wall_s=held.watch)
    held.hub = Hub(BUSES, nothing, position_text, observer=mirror)
    asyncio.run(main())
    with mirroring(mirror):
        wait_until(lambda: len(held.rows(SUBSCRIPTIONS_TABLE)) == 1)
        (row,) = held.rows(SUBSCRIPTIONS_TABLE)
        held.client.delete_item(
            TableName=SUBSCRIPTIONS_TABLE, Key={name: row[name] for name in ("line_id", "connection_id")}
        )
        held.watch.seconds += LIFETIME_S
        wait_until(lambda: held.tables.connections_of("L1") != [])
        assert held.tables.count_of_group("a") == 1


def test_a_server_that_ends_deletes_its_items_unless_dynamodb_is_unavailable(held: Held) -> None:
    async def connected() -> Client:
        client = Client(held.hub, "a")
        await client.wants("L1")
        return client

    client = asyncio.run(connected())
    with mirroring(held.mirror):
        held.hub.disconnect(client.connection)
    assert held.rows(CONNECTIONS_TABLE) == held.rows(SUBSCRIPTIONS_TABLE) == []
    held.client.away = True
    with mirroring(ConnectionMirror(held.tables)) as mirror:
        mirror.note(client.connection)
    assert held.rows(CONNECTIONS_TABLE) == []
