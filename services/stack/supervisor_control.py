"""Start, watch and stop the parts of `services.stack.supervisor_config` through Supervisor's XML-RPC."""

from __future__ import annotations

import http.client
import json
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from xmlrpc.client import Fault, ServerProxy

from services.settings import program_environment
from services.stack.local_postgres import answers
from services.stack.supervisor_config import FEEDERS, HEALTH, SOCKET, Stack

AWS = ("dynamodb", "localstack")
"""The parts that start first; then the store, once they answer, then the others."""
PATIENCE_S = 120.0
POLL_S = 0.1
REQUEST_TIMEOUT_S = 5.0
OnHealthy: TypeAlias = Callable[[str, float], object]
"""Called with a part's name and the seconds since its start, when it has become healthy."""
ALIVE = frozenset(("STARTING", "RUNNING", "BACKOFF", "STOPPING"))


class StackProblem(Exception):
    """The parts can't be started, watched or stopped; the message says why."""


@dataclass(frozen=True, slots=True)
class Process:
    """A part's process: its state in Supervisor's words, and its pid (0 if it doesn't run)."""

    statename: str
    pid: int


@dataclass(frozen=True, slots=True)
class PartStatus:
    """A part's name, its process's state, and `healthy` or what is wrong with it."""

    name: str
    process: str
    health: str

    @property
    def healthy(self) -> bool:
        """Whether it runs and reports itself healthy."""
        return self.process == "RUNNING" and self.health == "healthy"


class SupervisedParts:
    """The parts whose Supervisor runs in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    @property
    def is_up(self) -> bool:
        """Whether Supervisor runs there."""
        if not (self._folder / SOCKET).exists():
            return False
        try:
            self._supervisor("getState")
        except (OSError, http.client.HTTPException, Fault):
            return False
        return True

    def up(self, stack: Stack, on_healthy: OnHealthy = lambda _name, _seconds: None) -> None:
        """Start all parts and return when they are healthy and have their history. Raises `StackProblem`."""
        if self.is_up:
            raise StackProblem(f"the parts in {self._folder} run already; `make down` stops them")
        supervisord = [sys.executable, "-m", "supervisor.supervisord", "-c", str(stack.write())]
        variables = program_environment(stack.variables)
        started = subprocess.run(supervisord, env=variables, capture_output=True, text=True, check=False)
        if started.returncode:
            raise StackProblem(f"Supervisor doesn't start: {(started.stderr or started.stdout).strip()}")
        self._until(lambda: self.is_up, "Supervisor doesn't answer")
        self._start(AWS, on_healthy)
        store = stack.store_part
        if store.has_history_first:
            self._write_history(stack)
        self._start([store.name], on_healthy)
        if not store.has_history_first:
            self._write_history(stack)
        self._start([name for name in stack.commands if name not in (*AWS, store.name)], on_healthy)

    def down(self) -> bool:
        """Stop all parts. Return False if none ran. Raises `StackProblem`."""
        if not self.is_up:
            return False
        pid = Path(f"/proc/{self._supervisor('getPID')}")
        self._supervisor("shutdown")
        self._until(lambda: not pid.exists() and not self.is_up, "Supervisor doesn't stop")
        return True

    def restart(self, names: Sequence[str]) -> None:
        """Restart parts and return when they are healthy. Raises `StackProblem`."""
        known = self.processes()
        unknown = [name for name in names if name not in known]
        if unknown:
            raise StackProblem(f"there is no part {unknown[0]}; the parts are {', '.join(known)}")
        for name in names:
            if known[name].statename in ALIVE:
                self._supervisor("stopProcess", name)
        self._start(names)

    def processes(self) -> dict[str, Process]:
        """Return each part's process by the part's name. Raises `StackProblem` if Supervisor doesn't run."""
        if not self.is_up:
            raise StackProblem("no parts run here; `make up NATIVE=1` starts them")
        found: Any = self._supervisor("getAllProcessInfo")
        return {each["name"]: Process(each["statename"], each["pid"]) for each in found}

    def log(self, name: str) -> Path:
        """Return the path of a part's log. Raises `StackProblem` if there is none."""
        path = self._folder / f"{name}.log"
        if not path.exists():
            raise StackProblem(f"there is no log of a part {name} in {self._folder}")
        return path

    def status(self) -> list[PartStatus]:
        """Return the status of each part. Raises `StackProblem` if Supervisor doesn't run."""
        processes = self.processes()
        urls: Mapping[str, str] = json.loads((self._folder / HEALTH).read_text(encoding="utf-8"))
        api = http_get(urls["api"])

        def health(name: str) -> str:
            return feeder_health(api, FEEDERS[name]) if name in FEEDERS else health_at(urls[name])

        return [PartStatus(name, process.statename, health(name)) for name, process in processes.items()]

    def _write_history(self, stack: Stack) -> None:
        if stack.history == "0":
            return
        variables = program_environment(stack.variables)
        written = subprocess.run(stack.seed_command, env=variables, cwd=self._folder, check=False)
        if written.returncode:
            raise StackProblem(f"the history can't be written: `{shlex.join(stack.seed_command)}` failed")

    def _start(self, names: Sequence[str], on_healthy: OnHealthy = lambda _name, _seconds: None) -> None:
        for name in names:
            self._supervisor("startProcess", name, False)
        began, ill = time.monotonic(), set(names)

        def ready() -> bool:
            for part in self.status():
                if part.name in ill and part.healthy:
                    ill.remove(part.name)
                    on_healthy(part.name, time.monotonic() - began)
            return not ill

        self._until(ready, "not healthy")

    def _supervisor(self, method: str, *arguments: object) -> Any:
        """Call a method of Supervisor's XML-RPC interface. Raises `StackProblem` if it isn't installed.

        `Any`: XML-RPC has no types; `processes` and `down` know what the methods that they call return.
        """
        try:
            from supervisor.xmlrpc import SupervisorTransport
        except ModuleNotFoundError as error:
            raise StackProblem("this needs the extra [local]: pip install 'bus-simulator[local]'") from error
        with closing(SupervisorTransport(None, None, f"unix://{self._folder / SOCKET}")) as transport:
            server = ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(server.supervisor, method)(*arguments)

    def _until(self, ready: Callable[[], bool], what: str) -> None:
        ends_s = time.monotonic() + PATIENCE_S
        while not ready():
            if time.monotonic() > ends_s:
                raise self._not(what)
            threading.Event().wait(POLL_S)

    def _not(self, what: str) -> StackProblem:
        ill = [f"{part.name} {part.process}, {part.health}" for part in self.status() if not part.healthy]
        where = f"the logs are in {self._folder}"
        return StackProblem(f"{what} within {PATIENCE_S:.0f} s: {'; '.join([*ill, where])}")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP response; status 0 if there was none."""

    status: int
    content: bytes


def http_get(url: str) -> HttpAnswer:
    """Send a GET request to a part."""
    parts = urlsplit(url)
    try:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=REQUEST_TIMEOUT_S)
        with closing(connection):
            connection.request("GET", parts.path)
            response = connection.getresponse()
            return HttpAnswer(response.status, response.read())
    except (OSError, http.client.HTTPException):
        return HttpAnswer(0, b"")


def health_at(url: str) -> str:
    """Return `healthy`, or the other status that a part's health URL reports, or that it doesn't answer."""
    if url.startswith("postgresql:"):
        return "healthy" if answers(url) else "doesn't answer"
    found = http_get(url)
    if found.status == 0:
        return "doesn't answer"
    if url.endswith("/health"):
        return str(json_body(found).get("status", f"answers {found.status}"))
    # Timestream's endpoint has no health route and answers 400 to a plain GET: that is enough.
    return "healthy" if found.status in (200, 400) else f"answers {found.status}"


def feeder_health(api: HttpAnswer, feeder: str) -> str:
    """Return a feeder's health from the API's `/health`, which reads it off the data that it wrote."""
    found = next((each for each in json_body(api).get("feeders", ()) if each["name"] == feeder), None)
    if found is None:
        return "unknown: the API doesn't answer"
    return "healthy" if found["state"] == "running" else f"{found['state']}, {found['lag_s']:.0f} s late"


def json_body(found: HttpAnswer) -> dict[str, Any]:
    """Parse a response's JSON object; empty if the content isn't one."""
    try:
        content = json.loads(found.content)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def table(parts: Sequence[PartStatus]) -> Iterator[str]:
    """Yield a line for each part: verdict, name, process state, health."""
    width = max(len(part.name) for part in parts)
    for part in parts:
        yield f"{'ok  ' if part.healthy else 'FAIL'}  {part.name:<{width}}  {part.process:<8}  {part.health}"
