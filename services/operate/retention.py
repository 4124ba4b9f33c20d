"""What days a deployment's Timestream tables take: those within retention, nothing older."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from services.operate.aws_problems import call_aws
from services.times import format_instant
from storage.schema import Stream

MARGIN = timedelta(hours=1)
"""What lies so close to the end is gone before anybody asks for it."""


class OutsideRetention(Exception):
    """A stretch of which a table would refuse a part; the message is for people."""


def check_retention(write: Any, database: str, start: datetime, now: datetime) -> None:
    """Raise `OutsideRetention` where a table wouldn't take `start`, by a client of `timestream-write`."""
    for stream, kept in retention_days(write, database):
        oldest = now - timedelta(days=kept) + MARGIN
        if start < oldest:
            raise OutsideRetention(
                f"table {stream} keeps {kept} days, and takes nothing before {format_instant(oldest)}; "
                f"{format_instant(start)} was asked for"
            )


def retention_days(write: Any, database: str) -> Iterator[tuple[Stream, int]]:
    """How many days each table keeps."""
    for stream in Stream:
        describe = partial(write.describe_table, DatabaseName=database, TableName=str(stream))
        found = call_aws(describe, f"table {database}.{stream}")["Table"]["RetentionProperties"]
        yield stream, int(found["MagneticStoreRetentionPeriodInDays"])
