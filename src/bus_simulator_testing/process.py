"""The simulator as a process on this machine, for tests."""

from __future__ import annotations

import re
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from bus_simulator_testing.choices import Choices
from bus_simulator_testing.postgres import PostgresProcess
from bus_simulator_testing.program import ENDPOINT, PROGRAM, STOP_TIMEOUT_S, NotStarted, environment
from bus_simulator_testing.simulator import BusSimulator

API = re.compile(r"Simulator at (http://\S+)")


class BusSimulatorProcess(BusSimulator):
    """A simulator running within a `with`, on free ports, with its data in a temporary folder."""

    def __init__(self, choices: Choices | None = None, *, program: Sequence[str] = PROGRAM) -> None:
        """`program` is the simulator's command, if it is installed in another environment."""
        self.choices = choices or Choices()
        self._program = tuple(program)
        self._key = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[str] | None = None
        self._api_url = self._endpoint = ""
        self._postgres = PostgresProcess(program) if self.choices.postgres else None

    @property
    def api_url(self) -> str:
        """See `BusSimulator`."""
        return self._api_url

    @property
    def api_key(self) -> str:
        """See `BusSimulator`."""
        return self._key

    @property
    def timestream_endpoint(self) -> str:
        """See `BusSimulator`. Raises RuntimeError without the setting `timestream`."""
        if not self._endpoint:
            raise RuntimeError(
                "this simulator has no Timestream endpoint; ask for one with "
                "@pytest.mark.bus_simulator(timestream=True)"
            )
        return self._endpoint

    @property
    def postgres_url(self) -> str:
        """The database with its data, in the schema `bus_simulator`, as psycopg and psql take it.

        Raises RuntimeError without the setting `postgres`.
        """
        if self._postgres is None:
            raise RuntimeError(
                "this simulator keeps its data in a file; ask for a server with "
                "@pytest.mark.bus_simulator(postgres=True)"
            )
        return self._postgres.url

    @property
    def pid(self) -> int:
        """The process's id. Raises NotStarted outside the `with`."""
        if self._process is None:
            raise NotStarted("the simulator has not been started: use it in a `with`")
        return self._process.pid

    @property
    def folder(self) -> Path:
        """The temporary folder with its store, `bus.duckdb`, unless PostgreSQL has the data."""
        return Path(self._folder.name)

    @property
    def runs(self) -> bool:
        """Whether the process is running."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> BusSimulatorProcess:
        """Start the process and wait until it is healthy. Raises `NotStarted`."""
        self._folder = tempfile.TemporaryDirectory(prefix="bus-simulator-")
        self._errors: IO[str] = tempfile.TemporaryFile("w+")
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See `stop`."""
        self.stop()

    def stop(self) -> None:
        """Stop the process and delete its data."""
        if self.runs and self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        if self._process is not None:
            self._process.communicate()
        if self._postgres is not None:
            self._postgres.stop()
        self._errors.close()
        self._folder.cleanup()

    def _start(self) -> None:
        endpoint = ["--timestream-port", "0"] if self.choices.timestream else []
        store = f"duckdb:{self.folder / 'bus.duckdb'}"
        if self._postgres is not None:
            store = self._postgres.start().url
        self._process = subprocess.Popen(
            [*self._program, *resolved(self.choices).command(), "--store", store, "--port", "0", *endpoint],
            cwd=self._folder.name,
            env=environment(self._key),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        if self.choices.timestream:
            self._endpoint = self._printed(ENDPOINT)
        self._api_url = self._printed(API)
        self.get("/health")

    def _printed(self, wanted: re.Pattern[str]) -> str:
        """Return the first group of `wanted`, once the program prints it. Raises `NotStarted`."""
        assert self._process is not None  # noqa: S101 - a type, not a condition
        assert self._process.stdout is not None  # noqa: S101 - a type, not a condition
        for line in self._process.stdout:
            if found := wanted.search(line):
                return found[1]
        self._process.wait()
        self._errors.seek(0)
        raise NotStarted(f"the simulator didn't start: {self._errors.read().strip()}")


def resolved(choices: Choices) -> Choices:
    """Return settings with absolute paths, since the program runs in another folder."""
    return Choices.of({name: full(getattr(choices, name)) for name in ("scenario", "network")}, choices)


def full(place: str | Path | None) -> str | Path | None:
    """Return the absolute path of an existing file; anything else unchanged."""
    return Path(place).resolve() if place is not None and Path(place).exists() else place
