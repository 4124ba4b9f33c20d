"""Backfills beyond retention are refused with the table, its days, and the first instant it accepts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.operate.retention import OutsideRetention, check_retention
from storage.schema import Stream
from tests.moto_aws import account

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def write() -> Iterator[Any]:
    with account() as aws:
        client = aws.client("timestream-write")
        client.create_database(DatabaseName="bus_simulator")
        for stream in Stream:
            kept = {"MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 30}
            if stream is Stream.BUS_POSITION:
                kept["MagneticStoreRetentionPeriodInDays"] = 10
            client.create_table(DatabaseName="bus_simulator", TableName=stream, RetentionProperties=kept)
        yield client


@pytest.mark.parametrize("days", [0, 1, 5, 9])
def test_a_start_within_every_tables_retention_is_accepted(write: Any, days: int) -> None:
    check_retention(write, "bus_simulator", NOW - timedelta(days=days), NOW)


def test_a_start_beyond_one_tables_retention_is_refused(write: Any) -> None:
    with pytest.raises(OutsideRetention) as refused:
        check_retention(write, "bus_simulator", NOW - timedelta(days=12), NOW)
    assert str(refused.value) == (
        "table bus_position keeps 10 days, and accepts nothing before 2026-11-15T09:00:00Z; "
        "the backfill would begin at 2026-11-13T08:00:00Z"
    )
