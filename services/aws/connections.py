"""WebSocket connections and their subscriptions to lines, in two DynamoDB tables.

Connection and subscriptions change in one transaction. Items have a time to live: an expired one counts as
gone at once, although DynamoDB deletes it up to days later.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.access.rate_limits import WALL_S
from services.aws.connection_items import (
    BY_GROUP,
    ConnectionWrites,
    Item,
    connection_item,
    connection_key,
    lines_in,
)
from services.settings import CONNECTIONS_TABLE, SUBSCRIPTIONS_TABLE

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodb.type_defs import (
        QueryInputTypeDef,
        QueryOutputTypeDef,
        TransactWriteItemTypeDef,
    )

LIFETIME_S = 2 * 3600 + 600
"""API Gateway ends every connection after two hours."""
ATTEMPTS = 8
"""How often a change is tried when another change of the same connection comes first."""
CONFLICTS = frozenset(("ConditionalCheckFailed", "TransactionConflict"))


class UnknownConnection(LookupError):
    """There is no such connection, or no longer."""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A connection subscribed to a line. With `batch` it gets a tick's positions as one array."""

    connection_id: str
    batch: bool


@dataclass(frozen=True, slots=True)
class LineChange:
    """The lines of a connection before and after a change."""

    before: Sequence[str]
    after: Sequence[str]


class ConnectionTables:
    """The two tables. Safe to share between threads; lets boto3's errors pass."""

    def __init__(
        self,
        client: DynamoDBClient,
        *,
        connections: str = CONNECTIONS_TABLE,
        subscriptions: str = SUBSCRIPTIONS_TABLE,
        wall_s: Callable[[], float] = WALL_S,
    ) -> None:
        self._client, self._wall_s = client, wall_s
        self._connections, self._subscriptions = connections, subscriptions
        self._writes = ConnectionWrites(connections, subscriptions)

    def connect(self, connection_id: str, group: str) -> None:
        """Add a connection without lines."""
        now_s = self._wall_s()
        connected_at = datetime.fromtimestamp(now_s, UTC)
        item = connection_item(connection_id, group, connected_at, (), now_s + LIFETIME_S)
        self._client.put_item(TableName=self._connections, Item=item)

    def disconnect(self, connection_id: str) -> None:
        """Delete a connection and its subscriptions, if it exists."""
        for _ in range(ATTEMPTS):
            item = self._item(connection_id)
            if item is None:
                return
            dropped = [self._writes.unsubscribe(connection_id, line_id) for line_id in lines_in(item)]
            if self._transact([self._writes.delete_unchanged(item), *dropped]):
                return
        raise TimeoutError(f"connection {connection_id} has too many changes at once")

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
        """Overwrite a connection and its subscriptions. Only for the process that owns this connection.

        `lines` says for each line whether a tick is sent as one array; `no_more` are lines to remove.
        """
        item = connection_item(connection_id, group, connected_at, lines, self._wall_s() + lifetime_s)
        if no_more:
            self._client.transact_write_items(
                TransactItems=[self._writes.unsubscribe(connection_id, line_id) for line_id in no_more]
            )
        added = [self._writes.subscribe(item, line_id, batch=batch) for line_id, batch in lines.items()]
        self._client.transact_write_items(TransactItems=[self._writes.put(item), *added])

    def drop(self, connection_id: str, line_ids: Collection[str]) -> None:
        """Delete a connection and its subscriptions. Only for the process that owns this connection."""
        dropped = [self._writes.unsubscribe(connection_id, line_id) for line_id in line_ids]
        self._client.transact_write_items(TransactItems=[self._writes.delete(connection_id), *dropped])

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
        """Subscribe a connection to lines, with `batch` also for those it has already.

        `check` gets the lines that the connection has, and may raise. Raises `UnknownConnection`.
        """

        def more(held: Sequence[str]) -> Collection[str]:
            check(held)
            return {*held, *line_ids}

        def added(item: Item) -> list[TransactWriteItemTypeDef]:
            return [self._writes.subscribe(item, line_id, batch=batch) for line_id in line_ids]

        return self._change_lines(connection_id, more, added)

    def remove_lines(self, connection_id: str, line_ids: Collection[str]) -> LineChange:
        """Unsubscribe a connection from lines. Raises `UnknownConnection`."""
        unwanted = frozenset(line_ids)

        def dropped(item: Item) -> list[TransactWriteItemTypeDef]:
            held = (line_id for line_id in lines_in(item) if line_id in unwanted)
            return [self._writes.unsubscribe(connection_id, line_id) for line_id in held]

        return self._change_lines(connection_id, lambda held: {*held} - unwanted, dropped)

    def connections_of(self, line_id: str) -> Sequence[Subscriber]:
        """The subscribers of a line, by one query (page after page), never a scan."""
        pages = self._pages(
            {
                "TableName": self._subscriptions,
                "KeyConditionExpression": "line_id = :line",
                "ExpressionAttributeValues": {":line": {"S": line_id}, **self._now()},
            }
        )
        return [
            Subscriber(item["connection_id"]["S"], item["batch"]["BOOL"])
            for page in pages
            for item in page["Items"]
        ]

    def count_of_group(self, group: str) -> int:
        """How many connections a group has, as far as the index is up to date."""
        pages = self._pages(
            {
                "TableName": self._connections,
                "IndexName": BY_GROUP,
                "Select": "COUNT",
                "KeyConditionExpression": "group_name = :group",
                "ExpressionAttributeValues": {":group": {"S": group}, **self._now()},
            }
        )
        return sum(page["Count"] for page in pages)

    def _now(self) -> Item:
        return {":now": {"N": str(math.floor(self._wall_s()))}}

    def _pages(self, query: QueryInputTypeDef) -> Iterator[QueryOutputTypeDef]:
        """The pages of a query, which has the value `:now`, without expired items."""
        request: QueryInputTypeDef = {
            **query,
            "FilterExpression": "#ttl > :now",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
        }
        while True:
            page = self._client.query(**request)
            yield page
            if not page.get("LastEvaluatedKey"):
                return
            request = {**request, "ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _item(self, connection_id: str) -> Item | None:
        found = self._client.get_item(
            TableName=self._connections, Key=connection_key(connection_id), ConsistentRead=True
        )
        return found.get("Item")

    def _known(self, connection_id: str) -> Item:
        item = self._item(connection_id)
        if item is None:
            raise UnknownConnection(connection_id)
        return item

    def _change_lines(
        self,
        connection_id: str,
        lines_after: Callable[[Sequence[str]], Collection[str]],
        subscription_writes: Callable[[Item], list[TransactWriteItemTypeDef]],
    ) -> LineChange:
        """Change a connection's lines and its subscriptions together.

        Another change of the same connection may come between reading and writing. Then the transaction
        fails on the connection's revision, and both callables are called again with the new state.
        """
        for _ in range(ATTEMPTS):
            item = self._known(connection_id)
            held = lines_in(item)
            lines = sorted(lines_after(held))
            writes = subscription_writes(item)
            if not writes or self._transact([self._writes.set_lines(item, lines), *writes]):
                return LineChange(held, lines)
        raise TimeoutError(f"connection {connection_id} has too many changes at once")

    def _transact(self, writes: Sequence[TransactWriteItemTypeDef]) -> bool:
        """Make all writes or none. Return False if another change of the same connection came first."""
        try:
            self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            reasons = {each.get("Code") for each in error.response.get("CancellationReasons", ())}
            if reasons & CONFLICTS and not reasons - CONFLICTS - {"None", None}:
                return False
            raise
        return True
