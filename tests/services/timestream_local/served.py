"""The endpoint as a process, with boto3 clients connected to it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from tests.process import Running, started


@dataclass(frozen=True, slots=True)
class Served:
    """A running endpoint with its URL, and a write and a query client."""

    process: Running
    url: str
    write: Any
    query: Any


def client(service: str, url: str) -> Any:
    """A boto3 client with invalid keys: the endpoint doesn't check signatures."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="AKIDNOBODY",
        aws_secret_access_key="not-a-secret",
    )


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
        yield Served(running, url, client("timestream-write", url), client("timestream-query", url))
