"""The simulator as a process on this machine."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from bus_simulator_testing.choices import Choices
from bus_simulator_testing.simulator import BusSimulator

PROGRAM = (sys.executable, "-P", "-m", "bus_simulator")
"""-P: no module of the working directory is taken for one of the program's or of Python's."""
ENDS_S = 30.0
ENDPOINT = re.compile(r"Timestream endpoint on (http://\S+),")
API = re.compile(r"Simulator at (http://\S+)")


class NotStarted(RuntimeError):
    """The program ended before it served; the message is what it said."""


class BusSimulatorProcess(BusSimulator):
    """A simulator while a `with` lasts, on free ports, with its data in a folder that goes with it."""

    def __init__(self, choices: Choices | None = None, *, program: Sequence[str] = PROGRAM) -> None:
        """`program` is how to start the simulator, where this Python is not the one that has it."""
        self.choices = choices or Choices()
        self._program = tuple(program)
        self._key = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[str] | None = None
        self._api_url = self._endpoint = ""

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
        """See `BusSimulator`. Raises RuntimeError unless it was chosen."""
        if not self._endpoint:
            raise RuntimeError(
                "this simulator keeps its data in a file of its own: choose timestream=True for an endpoint, "
                "as by @pytest.mark.bus_simulator(timestream=True)"
            )
        return self._endpoint

    @property
    def pid(self) -> int:
        """The process's id. Raises NotStarted outside the `with`."""
        if self._process is None:
            raise NotStarted("it has not been started: use it in a `with`")
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> BusSimulatorProcess:
        """Start it and wait for its first good answer. Raises `NotStarted`."""
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
        """End it, and take its data away."""
        if self.runs and self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(ENDS_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        if self._process is not None:
            self._process.communicate()
        self._errors.close()
        self._folder.cleanup()

    def _start(self) -> None:
        endpoint = ["--timestream-port", "0"] if self.choices.timestream else []
        store = f"duckdb:{Path(self._folder.name, 'bus.duckdb')}"
        self._process = subprocess.Popen(
            [*self._program, *resolved(self.choices).command(), "--store", store, "--port", "0", *endpoint],
            cwd=self._folder.name,
            env=environment(self._key),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        if self.choices.timestream:
            self._endpoint = self._told(ENDPOINT)
        self._api_url = self._told(API)
        self.get("/health")

    def _told(self, wanted: re.Pattern[str]) -> str:
        """What the program says about itself in one of its first lines."""
        assert self._process is not None  # noqa: S101 - a type, not a condition
        assert self._process.stdout is not None  # noqa: S101 - a type, not a condition
        for line in self._process.stdout:
            if found := wanted.search(line):
                return found[1]
        self._process.wait()
        self._errors.seek(0)
        raise NotStarted(f"the simulator didn't start: {self._errors.read().strip()}")


def resolved(choices: Choices) -> Choices:
    """The same with files by their full paths: the program runs in a folder of its own."""
    return Choices.of({name: full(getattr(choices, name)) for name in ("scenario", "network")}, choices)


def full(place: str | Path | None) -> str | Path | None:
    """A file's full path; anything else as it is."""
    return Path(place).resolve() if place is not None and Path(place).exists() else place


def environment(key: str) -> dict[str, str]:
    """The environment without what would set the program otherwise or show it a project's packages."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BUS_SIMULATOR_", "PYTHONPATH", "AWS_"))
    }
    nobody = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
    return kept | nobody | {"BUS_SIMULATOR_API_KEY": key}
