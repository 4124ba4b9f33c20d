"""The database and tables of the Timestream backend, as the deployment makes them too."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from storage.schema import Stream
from storage.timestream_client import Calls, Missing, Refused, code_of
from storage.timestream_sql import PROGRESS

MEMORY_HOURS = 24
MAGNETIC_DAYS = 30
TABLES = (*Stream, PROGRESS)
"""The last one made is the one that is looked for."""


def ensure_tables(calls: Calls, database: str) -> None:
    """Make what is missing. Who may not look or make finds out by reading and writing whether it is there."""
    try:
        calls.tried(lambda: calls.client.describe_table(DatabaseName=database, TableName=PROGRESS))
    except Missing:
        _make(calls, database)
    except Refused:
        return


def _make(calls: Calls, database: str) -> None:
    client = calls.client
    try:
        calls.tried(unless_there(partial(client.create_database, DatabaseName=database)))
        for table in TABLES:
            calls.tried(unless_there(partial(client.create_table, **table_request(database, table))))
    except Refused:
        return


def table_request(database: str, table: str) -> dict[str, Any]:
    """What `CreateTable` takes for a table of ours."""
    return {
        "DatabaseName": database,
        "TableName": str(table),
        "RetentionProperties": {
            "MemoryStoreRetentionPeriodInHours": MEMORY_HOURS,
            "MagneticStoreRetentionPeriodInDays": MAGNETIC_DAYS,
        },
        "MagneticStoreWriteProperties": {"EnableMagneticStoreWrites": True},
    }


def unless_there(make: Callable[[], object]) -> Callable[[], None]:
    """The call without the complaint that what it makes is there already."""

    def made() -> None:
        try:
            make()
        except ClientError as error:
            if code_of(error) != "ConflictException":
                raise

    return made
