"""Check a backfill against the retention of a deployment's Timestream tables: they refuse older records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from services.operate.aws_problems import call_aws
from services.times import format_instant
from storage.schema import Stream

if TYPE_CHECKING:
    from types_boto3_timestream_write.client import TimestreamWriteClient

MARGIN = timedelta(hours=1)
"""Records this close to the limit expire before anybody reads them."""


class OutsideRetention(Exception):
    """A table would refuse part of a time span; the message is for people."""


def check_retention(write: TimestreamWriteClient, database: str, start: datetime, now: datetime) -> None:
    """Raise `OutsideRetention` if a table doesn't accept records of `start`."""
    for stream, kept in retention_days(write, database):
        oldest = now - timedelta(days=kept) + MARGIN
        if start < oldest:
            raise OutsideRetention(
                f"table {stream} keeps {kept} days, and accepts nothing before {format_instant(oldest)}; "
                f"the backfill would begin at {format_instant(start)}"
            )


def retention_days(write: TimestreamWriteClient, database: str) -> Iterator[tuple[Stream, int]]:
    """The retention of each table in days. Raises `AwsProblem`."""
    for stream in Stream:
        describe = partial(write.describe_table, DatabaseName=database, TableName=str(stream))
        found = call_aws(describe, f"table {database}.{stream}")["Table"]["RetentionProperties"]
        yield stream, int(found["MagneticStoreRetentionPeriodInDays"])
