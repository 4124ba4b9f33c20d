"""The two connection tables in moto's DynamoDB."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from services.aws.connection_items import table_definitions
from services.aws.connections import LIFETIME_S, ConnectionTables
from services.settings import CONNECTIONS_TABLE, SUBSCRIPTIONS_TABLE
from storage.aws_clients import client
from tests.services.aws.fake_aws import ClientDouble
from tests.services.fakes import NOW
from tests.timestream_endpoint import REGION


class HandWatch:
    """Wall seconds that a test sets."""

    def __init__(self) -> None:
        self.seconds = NOW.timestamp()

    def __call__(self) -> float:
        return self.seconds


class OneAtATime(ClientDouble):
    """A client whose calls don't overlap, as moto requires."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        def call(**asked: Any) -> Any:
            with self._lock:
                return getattr(self._client, name)(**asked)

        return call


class InTurn(OneAtATime):
    """The same, a transaction's changes one by one: moto copies whole tables for each transaction."""

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> None:  # noqa: N803
        """Make the changes. A condition that isn't met is the client's own error."""
        for change in TransactItems:
            ((kind, asked),) = change.items()
            getattr(self, f"{kind.lower()}_item")(**asked)


def made_tables(watch: HandWatch) -> tuple[ConnectionTables, Any]:
    """New empty tables, and a client for them. Use inside `mock_aws` only."""
    dynamodb = client("dynamodb", region=REGION)
    for definition in table_definitions():
        dynamodb.create_table(**definition)
    return ConnectionTables(dynamodb, wall_s=watch), dynamodb


def fill(dynamodb: Any, names: Sequence[str], line_id: str, *, batch: bool) -> None:
    """Fill empty tables with connections that subscribe to one line."""
    ttl = {"N": str(int(NOW.timestamp()) + LIFETIME_S)}
    for name in names:
        line = {"line_id": {"S": line_id}, "batch": {"BOOL": batch}}
        shared = {"connection_id": {"S": name}, "ttl": ttl}
        held = {"group_name": {"S": "a"}, "revision": {"N": "1"}, "subscribed_lines": {"L": [{"S": line_id}]}}
        dynamodb.put_item(TableName=CONNECTIONS_TABLE, Item=shared | held)
        dynamodb.put_item(TableName=SUBSCRIPTIONS_TABLE, Item=shared | line)
