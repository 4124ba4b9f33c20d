"""A local Timestream endpoint without any city, as a process or a container, for tests."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from bus_simulator_testing.process import ENDPOINT, PROGRAM, STOP_TIMEOUT_S, NotStarted, environment


class TimestreamProcess:
    """Amazon Timestream's API on a free port, running within a `with`; its data are temporary.

    `options` are those of `bus-simulator timestream-local`, such as `--now data` or `--like-aws`.
    """

    def __init__(self, *options: str, program: Sequence[str] = PROGRAM) -> None:
        self._options, self._program = options, tuple(program)
        self._process: subprocess.Popen[str] | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The endpoint's URL: boto3's `endpoint_url`. Raises NotStarted outside the `with`."""
        if self._process is None:
            raise NotStarted("the endpoint has not been started: use it in a `with`")
        return self._url

    def __enter__(self) -> TimestreamProcess:
        """Start the process and wait until it listens. Raises `NotStarted`."""
        self._folder = tempfile.TemporaryDirectory(prefix="timestream-local-")
        self._errors = tempfile.TemporaryFile("w+")
        store = f"duckdb:{Path(self._folder.name, 'timestream.duckdb')}"
        command = [*self._program, "timestream-local", "--store", store, "--port", "0", *self._options]
        self._process = subprocess.Popen(
            command,
            cwd=self._folder.name,
            env=environment(""),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        try:
            self._url = self._printed_url()
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
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.communicate(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()
            self._process = None
        self._errors.close()
        self._folder.cleanup()

    def _printed_url(self) -> str:
        assert self._process is not None  # noqa: S101 - a type, not a condition
        assert self._process.stdout is not None  # noqa: S101 - a type, not a condition
        for line in self._process.stdout:
            if found := ENDPOINT.search(line):
                return found[1]
        self._process.wait()
        self._errors.seek(0)
        raise NotStarted(f"the endpoint didn't start: {self._errors.read().strip()}")
