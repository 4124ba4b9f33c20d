"""Clients of AWS services. This is the only place that makes them.

The endpoint is handed over explicitly: while it comes from the standard variables only, boto3 goes on
discovering Timestream's endpoints, and traffic meant for another place reaches the real one.
"""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
CONNECTIONS = 16


def client(
    service: str,
    *,
    region: str,
    endpoint_url: str | None = None,
    connect_timeout_s: float = CONNECT_TIMEOUT_S,
    read_timeout_s: float = READ_TIMEOUT_S,
    connections: int = CONNECTIONS,
) -> Any:
    """A client of `service` (as boto3 calls it), safe to share between threads.

    Without an `endpoint_url` the standard variables and files count: `AWS_ENDPOINT_URL_<SERVICE>`, then
    `AWS_ENDPOINT_URL`. It tries every call once: who calls knows what may be tried again. Parameters aren't
    validated here, which would take longer than to send them; the service does so.
    """
    session = boto3.Session(region_name=region)
    config = Config(
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 1},
        parameter_validation=False,
        user_agent_extra="bus-simulator",
    )
    return session.client(
        service, config=config, endpoint_url=endpoint_url or configured_endpoint(session, service)
    )


def configured_endpoint(session: boto3.Session, service: str) -> str | None:
    """The endpoint that the environment or the AWS configuration files name for `service`, if any."""
    without = Config(ignore_configured_endpoint_urls=True)
    found: str = session.client(service).meta.endpoint_url
    return found if found != session.client(service, config=without).meta.endpoint_url else None
