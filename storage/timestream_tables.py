"""Creation of the database and tables of the Timestream backend, with the properties of the deployment's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from storage.schema import Stream
from storage.timestream_client import WriteClient
from storage.timestream_errors import AccessDenied, TableMissing, code_of
from storage.timestream_sql import PROGRESS

if TYPE_CHECKING:
    from types_boto3_timestream_write.type_defs import CreateTableRequestTypeDef

MEMORY_HOURS = 24
MAGNETIC_DAYS = 30
TABLES = (*Stream, PROGRESS)
"""In the order of their creation: if the last one exists, all do."""


def ensure_tables(writes: WriteClient, database: str) -> None:
    """Create the missing database and tables. Without the permission do nothing: the first call will fail."""
    try:
        writes.retried(lambda: writes.client.describe_table(DatabaseName=database, TableName=PROGRESS))
    except TableMissing:
        _create(writes, database)
    except AccessDenied:
        return


def _create(writes: WriteClient, database: str) -> None:
    client = writes.client
    try:
        writes.retried(unless_exists(partial(client.create_database, DatabaseName=database)))
        for table in TABLES:
            writes.retried(unless_exists(partial(client.create_table, **table_request(database, table))))
    except AccessDenied:
        return


def table_request(database: str, table: str) -> CreateTableRequestTypeDef:
    """The parameters of `CreateTable` for one of `TABLES`."""
    return {
        "DatabaseName": database,
        "TableName": str(table),
        "RetentionProperties": {
            "MemoryStoreRetentionPeriodInHours": MEMORY_HOURS,
            "MagneticStoreRetentionPeriodInDays": MAGNETIC_DAYS,
        },
        "MagneticStoreWriteProperties": {"EnableMagneticStoreWrites": True},
    }


def unless_exists(create: Callable[[], object]) -> Callable[[], None]:
    """`create` as a function that also succeeds if another process has created the same resource."""

    def created() -> None:
        try:
            create()
        except ClientError as error:
            if code_of(error) != "ConflictException":
                raise

    return created
