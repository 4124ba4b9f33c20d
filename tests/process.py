"""The program as a process of its own: start, requests, waits for conditions, end."""

from __future__ import annotations

import atexit
import http.client
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from services.cli import status_of
from services.console.greeting import LAST_LINE
from tests.environment import environment
from tests.forked_program import ForkedProgram

PROGRAM = (sys.executable, "-m", "bus_simulator")
KEY = "test-key"
PATIENCE_S = 60
ANSWER_S = 30
SHIPPED = Path(__file__).parent.parent / "data" / "lines.yaml"
FEW = 2


@dataclass(frozen=True, slots=True)
class Finished:
    """A command's exit code and output."""

    code: int
    out: str
    err: str


@cache
def few_lines() -> tuple[str, str]:
    """The option for a network of the first shipped lines: its day is simulated in a sixth of the time."""
    head, *lines = re.split(r"(?=^  - line_id: )", SHIPPED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "lines.yaml"
    path.write_text(head + "".join(lines[:FEW]), encoding="utf-8")
    return "--network", str(path)


def command(folder: Path, *arguments: str, most_file_bytes: int | None = None) -> Finished:
    """Run a command to its end in `folder`; it may write files of `most_file_bytes`, if that is given."""
    variables = environment(BUS_SIMULATOR_API_KEY=KEY)
    with ForkedProgram(arguments, folder, variables, most_file_bytes=most_file_bytes) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    return Finished(process.returncode, out, err)


def write_history(folder: Path, start: str, end: str) -> None:
    """Backfill the shipped network in the default store of `folder`, for `run` with `--backfill 0`.

    With a span, `run` would also write five days in the background for as long as it runs.
    """
    store = f"duckdb:{folder / 'var' / 'bus.duckdb'}"
    assert status_of(["backfill", "--store", store, "--start", start, "--end", end]) == 0


class Running:
    """A `run` that listens; it may still be writing its history."""

    def __init__(self, process: subprocess.Popen[str], welcome: str, errors: IO[str]) -> None:
        self.process, self.welcome, self._errors = process, welcome, errors
        found = re.search(r"http://([\d.]+):(\d+)", welcome)
        assert found, welcome
        self.host, self.port = found[1], int(found[2])

    def ask(self, path: str, *, key: str = KEY, body: object = None) -> tuple[int, Any]:
        """Send a GET request, or a POST with `body` as JSON; return status and JSON body."""
        method, content = ("GET", None) if body is None else ("POST", json.dumps(body))
        headers = {"x-api-key": key, "x-group-name": "tests"}
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_S)) as connection:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def wait_for(self, condition: Callable[[Any], bool]) -> Any:
        """The body of `/health` once `condition` holds for it."""
        for _ in range(PATIENCE_S * 20):
            _, body = self.ask("/health")
            if condition(body):
                return body
            threading.Event().wait(0.05)
        raise AssertionError(f"never so: {body}")

    def kill(self) -> None:
        """SIGKILL the process and wait for its end."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def end(self, how: int = signal.SIGTERM) -> Finished:
        """Send SIGTERM; return how the process ended."""
        self.process.send_signal(how)
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        self._errors.seek(0)
        return Finished(self.process.returncode, self.welcome + out, self._errors.read())


@contextmanager
def running(folder: Path, *arguments: str, key: str | None = KEY, command: str = "run") -> Iterator[Running]:
    """`run` (or `replay`) on a free port, yielded once it listens; killed at the end if it still runs."""
    with (
        tempfile.TemporaryFile("w+") as errors,
        started(folder, (command, "--port", "0", *arguments), key=key, errors=errors) as process,
    ):
        assert process.stdout is not None
        welcome = read_greeting(process.stdout)
        yield Running(process, welcome, errors)


def read_greeting(output: IO[str]) -> str:
    """The lines that a server prints when it listens; fewer if it ends before."""
    lines: list[str] = []
    while not lines or (lines[-1] and lines[-1].strip() != LAST_LINE):
        lines.append(output.readline())
    return "".join(lines)


@contextmanager
def started(
    folder: Path, arguments: Sequence[str], *, key: str | None = KEY, errors: IO[str] | int = subprocess.PIPE
) -> Iterator[subprocess.Popen[str]]:
    """A process of the program; killed at the end if it still runs."""
    variables = environment(**({} if key is None else {"BUS_SIMULATOR_API_KEY": key}))
    with ForkedProgram(arguments, folder, variables, errors=errors) as process:
        try:
            yield process
        finally:
            process.kill()
