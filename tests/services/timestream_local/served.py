"""The endpoint as a process, with boto3 clients connected to it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from tests.process import Running, started

if TYPE_CHECKING:
    from types_boto3_timestream_query.client import TimestreamQueryClient
    from types_boto3_timestream_write.client import TimestreamWriteClient


@dataclass(frozen=True, slots=True)
class Served:
    """A running endpoint with its URL, and a write and a query client."""

    process: Running
    url: str
    write: TimestreamWriteClient
    query: TimestreamQueryClient


@cache
def session() -> boto3.Session:
    """A session with invalid keys: the endpoint doesn't check signatures. It reads a service's model once."""
    return boto3.Session(
        region_name="eu-west-1", aws_access_key_id="AKIDNOBODY", aws_secret_access_key="not-a-secret"
    )


def write_client(url: str) -> TimestreamWriteClient:
    """A boto3 client of the write service at an endpoint."""
    client: TimestreamWriteClient = session().client("timestream-write", endpoint_url=url)
    return client


def query_client(url: str) -> TimestreamQueryClient:
    """A boto3 client of the query service at an endpoint."""
    client: TimestreamQueryClient = session().client("timestream-query", endpoint_url=url)
    return client


@contextmanager
def served(folder: Path, *arguments: str, port: int = 0) -> Iterator[Served]:
    """An endpoint with its file in `folder`, on a free port by default; stopped when the block ends."""
    command = ("timestream-local", "--store", "duckdb:timestream.duckdb", "--port", str(port), *arguments)
    with (
        tempfile.TemporaryFile("w+") as errors,
        started(folder, command, errors=errors) as process,
    ):
        assert process.stdout is not None
        welcome = process.stdout.readline()
        running = Running(process, welcome, errors)
        found = re.search(r"http://[\d.:]+", welcome)
        assert found, welcome
        url = found[0]
        yield Served(running, url, write_client(url), query_client(url))
