"""A server of the program without any city, as a process with temporary data."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bus_simulator_testing.program import PROGRAM, STOP_TIMEOUT_S, NotStarted, environment

READY_S, POLL_S = 60.0, 0.02


class ServerProcess:
    """A command of the program that prints its URL, running within a `with`; `what` names it in messages."""

    def __init__(
        self,
        what: str,
        words: Callable[[Path], Sequence[str]],
        printed: re.Pattern[str],
        *,
        program: Sequence[str] = PROGRAM,
        ready: str = "",
        stop_signal: int = signal.SIGTERM,
    ) -> None:
        """`words` are the command's for a folder. With `ready` the server logs that text once it answers."""
        self._what, self._words, self._pattern = what, words, printed
        self._program, self._ready, self._signal = tuple(program), ready, stop_signal
        self._process: subprocess.Popen[str] | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """The server's URL. Raises `NotStarted` outside the `with`."""
        if self._process is None:
            raise NotStarted(f"the {self._what} has not been started: use it in a `with`")
        return self._url

    def __enter__(self) -> Self:
        """See `start`."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See `stop`."""
        self.stop()

    def start(self) -> Self:
        """Start the process and wait until it answers. Raises `NotStarted`."""
        self._folder = tempfile.TemporaryDirectory(prefix="bus-simulator-")
        Path(self._folder.name).chmod(0o755)  # PostgreSQL runs as another user in root's place
        self._errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `stop` closes it
        self._process = subprocess.Popen(
            [*self._program, *self._words(Path(self._folder.name))],
            cwd=self._folder.name,
            env=environment(""),
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        try:
            self._url = self._printed_url(self._process)
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the process and delete its data. Without a process this has no effect."""
        if self._process is None:
            return
        self._process.send_signal(self._signal)
        try:
            self._process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        self._process = None
        self._errors.close()
        self._folder.cleanup()

    def _printed_url(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout is not None  # noqa: S101 - a type, not a condition
        for line in process.stdout:
            if found := self._pattern.search(line):
                return found[1]
        process.wait()
        raise NotStarted(f"the {self._what} didn't start: {self._logged().strip()}")

    def _wait_until_ready(self, process: subprocess.Popen[str]) -> None:
        waited_s = 0.0
        while self._ready not in self._logged():
            if process.poll() is not None or waited_s > READY_S:
                raise NotStarted(f"the {self._what} doesn't answer: {self._logged().strip()}")
            threading.Event().wait(POLL_S)
            waited_s += POLL_S

    def _logged(self) -> str:
        # Not by `seek`, which would move the place where the process writes.
        file = self._errors.fileno()
        return os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")
