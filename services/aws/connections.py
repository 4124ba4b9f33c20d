"""Who is connected to the WebSocket API and wants which lines, in two DynamoDB tables.

The connections bear their lines; the subscriptions have a row a line and connection, so that whom a line's
positions go to is one query, never a scan. Both change together or not at all. Rows have a time to live, and
one that has outlived it counts as gone from that moment, however late DynamoDB takes it away.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from botocore.exceptions import ClientError

from services.access.rate_limits import WALL_S
from services.settings import CONNECTIONS_TABLE, SUBSCRIPTIONS_TABLE
from services.times import format_instant

BY_GROUP = "by-group"
LIFETIME_S = 2 * 3600 + 600
"""API Gateway ends every connection after two hours."""
ATTEMPTS = 8
"""How often a change is tried that another one of the same connection came before."""
CONFLICTS = frozenset(("ConditionalCheckFailed", "TransactionConflict"))

Item: TypeAlias = Mapping[str, Any]
"""As DynamoDB writes it: values by name, each with its type."""


class UnknownConnection(LookupError):
    """No such connection (any more)."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A connection that wants a line, as one array a tick if `batch`."""

    connection_id: str
    batch: bool


@dataclass(frozen=True, slots=True)
class LineChange:
    """The lines of a connection before and after."""

    before: Sequence[str]
    after: Sequence[str]


class ConnectionTables:
    """The two tables. Safe to share between threads; passes on what boto3 raises."""

    def __init__(
        self,
        client: Any,
        *,
        connections: str = CONNECTIONS_TABLE,
        subscriptions: str = SUBSCRIPTIONS_TABLE,
        wall_s: Callable[[], float] = WALL_S,
    ) -> None:
        self._client, self._wall_s = client, wall_s
        self._connections, self._subscriptions = connections, subscriptions

    def connect(self, connection_id: str, group: str) -> None:
        """Take note of a new connection, without lines."""
        now_s = self._wall_s()
        connected_at = datetime.fromtimestamp(now_s, UTC)
        item = connection_item(connection_id, group, connected_at, (), now_s + LIFETIME_S)
        self._client.put_item(TableName=self._connections, Item=item)

    def disconnect(self, connection_id: str) -> None:
        """Forget a connection and its subscriptions. Nothing where it isn't known."""
        for _ in range(ATTEMPTS):
            item = self._item(connection_id)
            if item is None:
                return
            gone = {
                "TableName": self._connections,
                "Key": {"connection_id": {"S": connection_id}},
                **self._unchanged_since(item),
            }
            dropped = [self._dropped(connection_id, line_id) for line_id in lines_in(item)]
            if self._done_at_once([{"Delete": gone}, *dropped]):
                return
        raise TimeoutError(f"connection {connection_id} changes all the time")

    def put(
        self,
        connection_id: str,
        group: str,
        connected_at: datetime,
        lines: Mapping[str, bool],
        *,
        no_more: Collection[str] = (),
        lifetime_s: float = LIFETIME_S,
    ) -> None:
        """Write a connection as it is, whatever was there: for who alone knows it and its lines.

        `lines` says of each whether it is sent as one array a tick; `no_more` are lines that it had before.
        """
        item = connection_item(connection_id, group, connected_at, lines, self._wall_s() + lifetime_s)
        if no_more:
            self._client.transact_write_items(
                TransactItems=[self._dropped(connection_id, line_id) for line_id in no_more]
            )
        rows = [row for line_id, batch in lines.items() for row in self._added(item, [line_id], batch=batch)]
        own = {"Put": {"TableName": self._connections, "Item": item}}
        self._client.transact_write_items(TransactItems=[own, *rows])

    def drop(self, connection_id: str, line_ids: Collection[str]) -> None:
        """Take away a connection and its rows of lines, by who alone knows it."""
        own = {"Delete": {"TableName": self._connections, "Key": {"connection_id": {"S": connection_id}}}}
        rows = [self._dropped(connection_id, line_id) for line_id in line_ids]
        self._client.transact_write_items(TransactItems=[own, *rows])

    def lines_of(self, connection_id: str) -> Sequence[str]:
        """The lines of a connection, sorted. Raises `UnknownConnection`."""
        return lines_in(self._known(connection_id))

    def add_lines(
        self,
        connection_id: str,
        line_ids: Collection[str],
        *,
        batch: bool,
        check: Callable[[Sequence[str]], None] = lambda _held: None,
    ) -> LineChange:
        """Let a connection have these lines as well, and these in this way.

        `check` is asked about the lines that it has, and may raise. Raises `UnknownConnection`.
        """

        def more(held: Sequence[str]) -> Collection[str]:
            check(held)
            return {*held, *line_ids}

        return self._changed(connection_id, more, lambda item: self._added(item, line_ids, batch=batch))

    def remove_lines(self, connection_id: str, line_ids: Collection[str]) -> LineChange:
        """Take lines from a connection. Raises `UnknownConnection`."""
        unwanted = frozenset(line_ids)

        def dropped(item: Item) -> Sequence[Item]:
            return [self._dropped(connection_id, each) for each in lines_in(item) if each in unwanted]

        return self._changed(connection_id, lambda held: {*held} - unwanted, dropped)

    def connections_of(self, line_id: str) -> Sequence[Subscriber]:
        """Who wants a line: one query, page after page."""
        found = self._pages(
            TableName=self._subscriptions,
            KeyConditionExpression="line_id = :line",
            ExpressionAttributeValues={":line": {"S": line_id}},
        )
        return [
            Subscriber(item["connection_id"]["S"], item["batch"]["BOOL"])
            for page in found
            for item in page["Items"]
        ]

    def count_of_group(self, group: str) -> int:
        """How many connections a group has, as far as the index knows yet."""
        found = self._pages(
            TableName=self._connections,
            IndexName=BY_GROUP,
            Select="COUNT",
            KeyConditionExpression="group_name = :group",
            ExpressionAttributeValues={":group": {"S": group}},
        )
        return sum(page["Count"] for page in found)

    def _pages(self, *, ExpressionAttributeValues: Item, **query: Any) -> Iterator[Item]:  # noqa: N803
        """The pages of a query, without what has outlived its time."""
        values = {**ExpressionAttributeValues, ":now": {"N": str(math.floor(self._wall_s()))}}
        living = {"FilterExpression": "#ttl > :now", "ExpressionAttributeNames": {"#ttl": "ttl"}}
        start: dict[str, Any] = {}
        while True:
            page = self._client.query(**query, **living, ExpressionAttributeValues=values, **start)
            yield page
            if not page.get("LastEvaluatedKey"):
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _item(self, connection_id: str) -> Item | None:
        found = self._client.get_item(
            TableName=self._connections, Key={"connection_id": {"S": connection_id}}, ConsistentRead=True
        )
        item: Item | None = found.get("Item")
        return item

    def _known(self, connection_id: str) -> Item:
        item = self._item(connection_id)
        if item is None:
            raise UnknownConnection(connection_id)
        return item

    def _changed(
        self,
        connection_id: str,
        wanted: Callable[[Sequence[str]], Collection[str]],
        rows: Callable[[Item], Sequence[Item]],
    ) -> LineChange:
        """Give a connection the lines `wanted` of those it has, with the changes of `rows` to its rows."""
        for _ in range(ATTEMPTS):
            item = self._known(connection_id)
            held = lines_in(item)
            lines = sorted(wanted(held))
            changes = rows(item)
            if not changes or self._done_at_once([self._bearing(item, lines), *changes]):
                return LineChange(held, lines)
        raise TimeoutError(f"connection {connection_id} changes all the time")

    def _bearing(self, item: Item, line_ids: Sequence[str]) -> Item:
        """The change of a connection's own row to these lines."""
        condition = self._unchanged_since(item)
        condition["ExpressionAttributeValues"] |= {
            ":lines": {"L": [{"S": line_id} for line_id in line_ids]},
            ":next": {"N": str(int(item["revision"]["N"]) + 1)},
        }
        return {
            "Update": {
                "TableName": self._connections,
                "Key": {"connection_id": item["connection_id"]},
                "UpdateExpression": "SET subscribed_lines = :lines, revision = :next",
                **condition,
            }
        }

    def _added(self, item: Item, line_ids: Collection[str], *, batch: bool) -> Sequence[Item]:
        """The changes that add rows of a connection's lines, which live as long as it does."""
        return [
            {
                "Put": {
                    "TableName": self._subscriptions,
                    "Item": {
                        "line_id": {"S": line_id},
                        "connection_id": item["connection_id"],
                        "batch": {"BOOL": batch},
                        "ttl": item["ttl"],
                    },
                }
            }
            for line_id in line_ids
        ]

    def _dropped(self, connection_id: str, line_id: str) -> Item:
        key = {"line_id": {"S": line_id}, "connection_id": {"S": connection_id}}
        return {"Delete": {"TableName": self._subscriptions, "Key": key}}

    def _unchanged_since(self, item: Item) -> dict[str, Any]:
        return {
            "ConditionExpression": "revision = :seen",
            "ExpressionAttributeValues": {":seen": item["revision"]},
        }

    def _done_at_once(self, changes: Sequence[Item]) -> bool:
        """Make all the changes, or none: False where another change of the same connection came before."""
        try:
            self._client.transact_write_items(TransactItems=changes)
        except ClientError as error:
            reasons = {each.get("Code") for each in error.response.get("CancellationReasons", ())}
            if reasons & CONFLICTS and not reasons - CONFLICTS - {"None", None}:
                return False
            raise
        return True


def connection_item(
    connection_id: str, group: str, connected_at: datetime, line_ids: Collection[str], ends_s: float
) -> Item:
    """A connection's row, which counts until `ends_s` in seconds since the epoch."""
    return {
        "connection_id": {"S": connection_id},
        "group_name": {"S": group},
        "connected_at": {"S": format_instant(connected_at)},
        "subscribed_lines": {"L": [{"S": line_id} for line_id in sorted(line_ids)]},
        "revision": {"N": "0"},
        "ttl": {"N": str(math.ceil(ends_s))},
    }


def lines_in(item: Item) -> list[str]:
    """The lines that a connection's row bears, sorted."""
    return [line["S"] for line in item["subscribed_lines"]["L"]]


def table_definitions(
    *, connections: str = CONNECTIONS_TABLE, subscriptions: str = SUBSCRIPTIONS_TABLE
) -> Sequence[Mapping[str, Any]]:
    """What `CreateTable` is to be told of the two. Both have `ttl` as their time to live."""
    by_group = {
        "IndexName": BY_GROUP,
        "KeySchema": [{"AttributeName": "group_name", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["ttl"]},
    }
    return (
        {
            "TableName": connections,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": _texts("connection_id", "group_name"),
            "KeySchema": [{"AttributeName": "connection_id", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [by_group],
        },
        {
            "TableName": subscriptions,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": _texts("line_id", "connection_id"),
            "KeySchema": [
                {"AttributeName": "line_id", "KeyType": "HASH"},
                {"AttributeName": "connection_id", "KeyType": "RANGE"},
            ],
        },
    )


def _texts(*names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]
