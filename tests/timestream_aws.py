"""Databases at AWS for tests, one per directory, deleted at the end.

Where they are is for the standard variables to say: with `AWS_ENDPOINT_URL` it is the local endpoint, by the
very same way.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import boto3

from storage.aws_clients import client
from storage.timestream_store import TimestreamStore
from storage.timestream_tables import TABLES
from tests.timestream_endpoint import database_of

CONFIRM = "BUS_SIMULATOR_AWS_TESTS=yes"
COST = (
    "The conformance suite at AWS makes some 200 databases with five tables each, one after the other, "
    "writes some 50,000 records and asks some 10,000 queries: about 2 USD, at most 5. "
    "It takes an account that has Timestream for LiveAnalytics, and deletes what it made."
)


class AwsDatabases:
    """The databases that tests have created."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def open(self, directory: Path) -> TimestreamStore:
        """The store of a directory."""
        name = database_of(directory)
        self.names.add(name)
        return TimestreamStore(name, region=region())

    def delete_all(self) -> None:
        """Delete all databases with their tables."""
        if not self.names:
            return
        with closing(client("timestream-write", region=region())) as service:
            for name in sorted(self.names):
                delete(service, name)
        self.names.clear()


def delete(service: Any, name: str) -> None:
    """Delete a database and its tables, if they exist."""
    for table in TABLES:
        with suppress(service.exceptions.ResourceNotFoundException):
            service.delete_table(DatabaseName=name, TableName=str(table))
    with suppress(service.exceptions.ResourceNotFoundException):
        service.delete_database(DatabaseName=name)


def region() -> str:
    """The region that the standard variables and files name."""
    found = boto3.Session().region_name
    if not found:
        raise ValueError("say a region: AWS_DEFAULT_REGION")
    return str(found)
