"""The two tables of connections at moto's DynamoDB."""

from __future__ import annotations

from typing import Any

from services.aws.connections import Connections, table_definitions
from storage.aws_clients import client
from tests.services.fakes import NOW
from tests.timestream_endpoint import REGION


class HandWatch:
    """Wall seconds that a test sets."""

    def __init__(self) -> None:
        self.seconds = NOW.timestamp()

    def __call__(self) -> float:
        return self.seconds


def made_tables(watch: HandWatch) -> tuple[Connections, Any]:
    """New empty tables, and the client that they are asked with. Inside `mock_aws` only."""
    dynamodb = client("dynamodb", region=REGION)
    for definition in table_definitions():
        dynamodb.create_table(**definition)
    return Connections(dynamodb, wall_s=watch), dynamodb
