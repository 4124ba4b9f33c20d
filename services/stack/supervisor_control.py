"""Start, watch and stop the parts of `services.stack.supervisor_config` through Supervisor."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xmlrpc.client import Fault, ServerProxy

from services.settings import program_environment
from services.stack.supervisor_config import FEEDERS, HEALTH, SOCKET, Stack

FIRST = ("dynamodb", "localstack", "timestream")
"""What the others need; they are started when these answer."""
PATIENCE_S = 120.0
LOOK_S = 0.1
ANSWER_S = 5.0
ALIVE = frozenset(("STARTING", "RUNNING", "BACKOFF", "STOPPING"))


class StackProblem(Exception):
    """The parts can't be started, watched or ended; the message says why."""


@dataclass(frozen=True, slots=True)
class Process:
    """A part's process: its state as Supervisor calls it, and its number (0 where there is none)."""

    statename: str
    pid: int


@dataclass(frozen=True, slots=True)
class PartStatus:
    """A part's name, its process as Supervisor knows it, and whether it says that it is well, or why not."""

    name: str
    process: str
    health: str

    @property
    def healthy(self) -> bool:
        """Whether it runs and is well."""
        return self.process == "RUNNING" and self.health == "healthy"


class Supervised:
    """The parts of the stack in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    @property
    def is_up(self) -> bool:
        """Whether Supervisor runs there."""
        try:
            self._supervisor("getState")
        except (OSError, http.client.HTTPException, Fault):
            return False
        return True

    def up(self, stack: Stack) -> None:
        """Start everything, and return when all are well. Raises `StackProblem`."""
        if self.is_up:
            raise StackProblem(f"the parts in {self._folder} run already; make down ends them")
        supervisord = [sys.executable, "-m", "supervisor.supervisord", "-c", str(stack.write())]
        variables = program_environment(stack.variables)
        started = subprocess.run(supervisord, env=variables, capture_output=True, text=True, check=False)
        if started.returncode:
            raise StackProblem(f"Supervisor doesn't start: {(started.stderr or started.stdout).strip()}")
        self._until(lambda: self.is_up, "Supervisor doesn't answer")
        rest = [name for name in stack.commands if name not in FIRST]
        for names in (FIRST, rest):
            self._start(names)

    def down(self) -> bool:
        """End everything; whether there was anything."""
        if not self.is_up:
            return False
        pid = Path(f"/proc/{self._supervisor('getPID')}")
        self._supervisor("shutdown")
        self._until(lambda: not pid.exists() and not self.is_up, "Supervisor doesn't end")
        return True

    def restart(self, names: Sequence[str]) -> None:
        """Start parts anew, and return when they are well. Raises `StackProblem`."""
        known = self.processes()
        unknown = [name for name in names if name not in known]
        if unknown:
            raise StackProblem(f"no part {unknown[0]}; there are {', '.join(known)}")
        for name in names:
            if known[name].statename in ALIVE:
                self._supervisor("stopProcess", name)
        self._start(names)

    def processes(self) -> dict[str, Process]:
        """Every part's process. Raises `StackProblem` where nothing runs."""
        if not self.is_up:
            raise StackProblem("nothing runs here; make up NATIVE=1 starts the parts")
        found: Any = self._supervisor("getAllProcessInfo")
        return {each["name"]: Process(each["statename"], each["pid"]) for each in found}

    def log(self, name: str) -> Path:
        """The file of a part's output. Raises `StackProblem` where there is none."""
        path = self._folder / f"{name}.log"
        if not path.exists():
            raise StackProblem(f"no part {name} has written anything in {self._folder}")
        return path

    def status(self) -> list[PartStatus]:
        """Every part's. Raises `StackProblem` where nothing runs."""
        processes = self.processes()
        places: Mapping[str, str] = json.loads((self._folder / HEALTH).read_text(encoding="utf-8"))
        api = answer(places["api"])
        return [
            PartStatus(
                name, process.statename, fed(api, FEEDERS[name]) if name in FEEDERS else well(places[name])
            )
            for name, process in processes.items()
        ]

    def _start(self, names: Sequence[str]) -> None:
        for name in names:
            self._supervisor("startProcess", name, False)

        def ready() -> bool:
            return all(part.healthy for part in self.status() if part.name in names)

        self._until(ready, "not well")

    def _supervisor(self, method: str, *arguments: object) -> Any:
        """What Supervisor answers. Raises `StackProblem` where it isn't installed."""
        try:
            from supervisor.xmlrpc import SupervisorTransport
        except ModuleNotFoundError as error:
            raise StackProblem("this needs the extra [local]: pip install 'bus-simulator[local]'") from error
        with closing(SupervisorTransport(None, None, f"unix://{self._folder / SOCKET}")) as transport:
            server = ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(server.supervisor, method)(*arguments)

    def _until(self, ready: Callable[[], bool], what: str) -> None:
        ends_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends_s:
            if ready():
                return
            threading.Event().wait(LOOK_S)
        ill = [f"{part.name} {part.process}, {part.health}" for part in self.status() if not part.healthy]
        told = f"{'; '.join(ill)}; the logs are in {self._folder}"
        raise StackProblem(f"{what} within {PATIENCE_S:.0f} s: {told}")


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP answer, 0 where there was none."""

    status: int
    content: bytes


def answer(url: str) -> Answered:
    """What a part answers."""
    parts = urlsplit(url)
    try:
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_S)) as asked:
            asked.request("GET", parts.path)
            found = asked.getresponse()
            return Answered(found.status, found.read())
    except (OSError, http.client.HTTPException):
        return Answered(0, b"")


def well(url: str) -> str:
    """`healthy`, what else a part says of itself, or that it doesn't answer."""
    found = answer(url)
    if found.status == 0:
        return "doesn't answer"
    if url.endswith("/health"):
        return str(body(found).get("status", f"answers {found.status}"))
    # Timestream's endpoint answers 400 to whoever is no client of it: it is there.
    return "healthy" if found.status in (200, 400) else f"answers {found.status}"


def fed(api: Answered, feeder: str) -> str:
    """How a feeder is, as the API tells from what it has written."""
    found = next((each for each in body(api).get("feeders", ()) if each["name"] == feeder), None)
    if found is None:
        return "unknown: the API doesn't answer"
    return "healthy" if found["state"] == "running" else f"{found['state']}, {found['lag_s']:.0f} s late"


def body(found: Answered) -> dict[str, Any]:
    """A JSON object, empty where it is none."""
    try:
        content = json.loads(found.content)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def table(parts: Sequence[PartStatus]) -> Iterator[str]:
    """The parts as lines of a table."""
    width = max(len(part.name) for part in parts)
    for part in parts:
        yield f"{'ok  ' if part.healthy else 'FAIL'}  {part.name:<{width}}  {part.process:<8}  {part.health}"
