"""Items of the two connection tables as DynamoDB stores them, their writes, and the tables' definitions.

A connection's item contains its lines. The subscriptions table has an item per line and connection, so that
one query finds the subscribers of a line.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from services.settings import CONNECTIONS_TABLE, SUBSCRIPTIONS_TABLE
from services.times import format_instant

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import (
        AttributeDefinitionTypeDef,
        AttributeValueTypeDef,
        CreateTableInputTypeDef,
        TransactWriteItemTypeDef,
    )

BY_GROUP = "by-group"

Item: TypeAlias = "Mapping[str, AttributeValueTypeDef]"
"""Typed values by attribute name: `{"line_id": {"S": "L1"}}`."""


def connection_key(connection_id: str) -> Item:
    """The primary key of a connection's item."""
    return {"connection_id": {"S": connection_id}}


def connection_item(
    connection_id: str, group: str, connected_at: datetime, line_ids: Collection[str], expires_s: float
) -> Item:
    """A connection's item, which counts until `expires_s` (seconds since the epoch)."""
    return {
        "connection_id": {"S": connection_id},
        "group_name": {"S": group},
        "connected_at": {"S": format_instant(connected_at)},
        "subscribed_lines": {"L": [{"S": line_id} for line_id in sorted(line_ids)]},
        "revision": {"N": "0"},
        "ttl": {"N": str(math.ceil(expires_s))},
    }


def lines_in(item: Item) -> list[str]:
    """The lines in a connection's item, sorted."""
    return [line["S"] for line in item["subscribed_lines"]["L"]]


@dataclass(frozen=True, slots=True)
class ConnectionWrites:
    """The writes to the tables of these names, as parts of a `TransactWriteItems` request."""

    connections: str = CONNECTIONS_TABLE
    subscriptions: str = SUBSCRIPTIONS_TABLE

    def put(self, item: Item) -> TransactWriteItemTypeDef:
        """Write a connection's item, replacing any earlier one."""
        return {"Put": {"TableName": self.connections, "Item": item}}

    def delete(self, connection_id: str) -> TransactWriteItemTypeDef:
        """Delete a connection's item unconditionally."""
        return {"Delete": {"TableName": self.connections, "Key": connection_key(connection_id)}}

    def delete_unchanged(self, item: Item) -> TransactWriteItemTypeDef:
        """Delete a connection's item unless its revision has changed since it was read."""
        return {
            "Delete": {
                "TableName": self.connections,
                "Key": {"connection_id": item["connection_id"]},
                "ConditionExpression": "revision = :seen",
                "ExpressionAttributeValues": {":seen": item["revision"]},
            }
        }

    def set_lines(self, item: Item, line_ids: Sequence[str]) -> TransactWriteItemTypeDef:
        """Set the lines of a connection's item unless its revision has changed since it was read."""
        return {
            "Update": {
                "TableName": self.connections,
                "Key": {"connection_id": item["connection_id"]},
                "UpdateExpression": "SET subscribed_lines = :lines, revision = :next",
                "ConditionExpression": "revision = :seen",
                "ExpressionAttributeValues": {
                    ":seen": item["revision"],
                    ":lines": {"L": [{"S": line_id} for line_id in line_ids]},
                    ":next": {"N": str(int(item["revision"]["N"]) + 1)},
                },
            }
        }

    def subscribe(self, item: Item, line_id: str, *, batch: bool) -> TransactWriteItemTypeDef:
        """Write the subscription of a connection to a line, which expires with the connection."""
        subscription: Item = {
            "line_id": {"S": line_id},
            "connection_id": item["connection_id"],
            "batch": {"BOOL": batch},
            "ttl": item["ttl"],
        }
        return {"Put": {"TableName": self.subscriptions, "Item": subscription}}

    def unsubscribe(self, connection_id: str, line_id: str) -> TransactWriteItemTypeDef:
        """Delete the subscription of a connection to a line."""
        key: Item = {"line_id": {"S": line_id}, "connection_id": {"S": connection_id}}
        return {"Delete": {"TableName": self.subscriptions, "Key": key}}


def table_definitions(
    *, connections: str = CONNECTIONS_TABLE, subscriptions: str = SUBSCRIPTIONS_TABLE
) -> Sequence[CreateTableInputTypeDef]:
    """The arguments of `CreateTable` for both tables. The time to live (`ttl`) needs another call."""
    return (
        {
            "TableName": connections,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": _strings("connection_id", "group_name"),
            "KeySchema": [{"AttributeName": "connection_id", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": BY_GROUP,
                    "KeySchema": [{"AttributeName": "group_name", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["ttl"]},
                }
            ],
        },
        {
            "TableName": subscriptions,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": _strings("line_id", "connection_id"),
            "KeySchema": [
                {"AttributeName": "line_id", "KeyType": "HASH"},
                {"AttributeName": "connection_id", "KeyType": "RANGE"},
            ],
        },
    )


def _strings(*names: str) -> list[AttributeDefinitionTypeDef]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]
