"""The local Timestream endpoint as a process, and stores that use it."""

from __future__ import annotations

import atexit
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from storage.timestream_client import RetryPolicy
from storage.timestream_store import TimestreamStore
from tests.environment import environment
from tests.fake_servers import free_port
from tests.forked_program import ForkedProgram

REGION: Final = "eu-west-1"
PATIENCE_S = 60
QUICK = RetryPolicy(attempts=4, first_s=0.01, longest_s=0.05, answer_s=20.0)
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


class Endpoint:
    """The local Timestream endpoint as a process, with its file in `folder`."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder, self.port = folder, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = self._started()

    def kill(self) -> None:
        """SIGKILL the process and wait for its end."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def restart(self) -> None:
        """Restart the endpoint over the same file, on the same port."""
        self.process = self._started()

    def _started(self) -> ForkedProgram:
        store = f"duckdb:{self.folder / 'timestream.duckdb'}"
        arguments = ("timestream-local", "--store", store, "--port", str(self.port), "--now", "data")
        with (self.folder / "endpoint.log").open("a") as log:
            process = ForkedProgram(arguments, self.folder, environment(**KEYS), output=log, errors=log)
        for _ in range(PATIENCE_S * 20):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return process
            assert process.poll() is None, (self.folder / "endpoint.log").read_text()
            threading.Event().wait(0.05)
        raise AssertionError("the endpoint never listened")


@contextmanager
def endpoint(folder: Path) -> Iterator[Endpoint]:
    """A new endpoint, killed at the end."""
    served = Endpoint(folder)
    try:
        yield served
    finally:
        served.kill()


@cache
def shared_endpoint() -> Endpoint:
    """The endpoint that all tests of this process share; each test has its own databases."""
    folder = tempfile.TemporaryDirectory()
    served = Endpoint(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(served.kill)
    return served


def database_of(directory: Path) -> str:
    """The database name of a directory."""
    return f"bus-{sha256(str(directory).encode()).hexdigest()[:24]}"


def open_shared(directory: Path) -> TimestreamStore:
    """The store of a directory at the shared endpoint."""
    return TimestreamStore(
        database_of(directory), region=REGION, endpoint_url=shared_endpoint().url, write_retries=QUICK
    )
