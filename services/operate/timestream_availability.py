"""Which Timestream an account can have: Amazon closed LiveAnalytics to new customers on 20 June 2025."""

from __future__ import annotations

from typing import Any

from services.operate.aws_problems import AwsProblem, call_aws

CLOSED = "Only existing Timestream"
"""How Timestream's refusal of an account begins, whatever its credentials may do."""


def timestream_available(timestream: Any) -> bool:
    """Whether Timestream takes this account, by a client of `timestream-write`. Raises `AwsProblem`."""
    try:
        call_aws(timestream.describe_endpoints, "whether Timestream takes this account")
    except AwsProblem as problem:
        if CLOSED in str(problem):
            return False
        raise
    return True
