"""Whether an account can use Timestream for LiveAnalytics, closed to new customers since 20 June 2025."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.operate.aws_problems import AwsProblem, call_aws

if TYPE_CHECKING:
    from types_boto3_timestream_write.client import TimestreamWriteClient

CLOSED = "Only existing Timestream"
"""The beginning of Timestream's message to an account without access, with any permissions."""


def timestream_available(timestream: TimestreamWriteClient) -> bool:
    """Whether Timestream accepts this account. Raises `AwsProblem`."""
    try:
        call_aws(timestream.describe_endpoints, "whether Timestream accepts this account")
    except AwsProblem as problem:
        if CLOSED in str(problem):
            return False
        raise
    return True
