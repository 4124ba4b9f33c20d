"""Databases at AWS for tests, one per directory, deleted at the end.

The standard variables say which endpoint is used: with `AWS_ENDPOINT_URL` it may be the local one.
"""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from storage.aws_clients import client
from storage.timestream_store import TimestreamStore
from storage.timestream_tables import TABLES
from tests.timestream_endpoint import database_of

if TYPE_CHECKING:
    from types_boto3_timestream_write.client import TimestreamWriteClient

CONFIRM = "BUS_SIMULATOR_AWS_TESTS=yes"
COST = (
    "The conformance suite at AWS creates about 200 databases with five tables each, one after the other, "
    "writes about 50,000 records and runs about 10,000 queries: about 2 USD, at most 5. "
    "It needs an account with Timestream for LiveAnalytics, and deletes the databases again."
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


def delete(service: TimestreamWriteClient, name: str) -> None:
    """Delete a database and its tables, if they exist."""
    for table in TABLES:
        with suppress(service.exceptions.ResourceNotFoundException):
            service.delete_table(DatabaseName=name, TableName=str(table))
    with suppress(service.exceptions.ResourceNotFoundException):
        service.delete_database(DatabaseName=name)


def region() -> str:
    """The AWS region from the standard variables and files. ValueError if there is none."""
    found = boto3.Session().region_name
    if not found:
        raise ValueError("no AWS region: set AWS_DEFAULT_REGION")
    return str(found)
