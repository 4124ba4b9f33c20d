"""The parts beside a real LocalStack: started as `make up NATIVE=1` does, on free ports."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from services.aws.ssm_clock import clock_state_to_json
from services.stack.supervisor_config import Ports, Stack
from services.stack.supervisor_control import SupervisedParts
from simulator.clock import Clock, ClockState, Course
from storage.instants import EPOCH
from storage.timestream_client import RetryPolicy
from storage.timestream_store import TimestreamStore
from tests.aws_cli import aws
from tests.environment import environment
from tests.fake_servers import free_port
from tests.process import PROGRAM

ROOT = Path(__file__).parent.parent
KEY = "the-key-at-first"
PATIENCE_S = 120.0
PATIENT = RetryPolicy(attempts=8, first_s=0.05, longest_s=0.5, answer_s=30.0)


def standing_at(instant: datetime) -> str:
    """The clock parameter's value for a paused clock."""
    return clock_state_to_json(
        ClockState(instant, Clock().now().timestamp(), 1.0, True, Course(0, instant), 1)
    )


class Parts:
    """A running stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.supervised = stack, SupervisedParts(stack.folder)
        self.key = KEY
        self._moved_to = EPOCH

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which programs find the services."""
        return environment(**self.stack.endpoints)

    def ask(self, path: str, *, port: int = 0, key: str = "", send: object = None) -> tuple[int, bytes]:
        """Send a GET request, or a POST with a JSON body; return status and body."""
        method, content = ("GET", None) if send is None else ("POST", json.dumps(send))
        headers = {"x-api-key": key or self.key, "x-group-name": "tests", "content-type": "application/json"}
        place = ("127.0.0.1", port or self.stack.ports.api)
        with closing(http.client.HTTPConnection(*place, timeout=60)) as connection:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def health(self) -> Any:
        """The API's `/health`."""
        return json.loads(self.ask("/health")[1])

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds, ignoring parts that don't answer."""
        for _ in range(int(PATIENCE_S / 0.1)):
            try:
                if condition():
                    return
            except (OSError, http.client.HTTPException, ValueError):
                pass
            threading.Event().wait(0.1)
        logs = "\n".join(
            f"--- {path.name}\n{path.read_text()[-1500:]}" for path in sorted(self.stack.folder.glob("*.log"))
        )
        raise AssertionError(f"never so: {what}\n{logs}")

    def now(self) -> datetime:
        """The simulated instant."""
        return datetime.fromisoformat(json.loads(self.ask("/clock")[1])["now"])

    def move(self, **change: object) -> None:
        """Move the shared clock, not to an earlier time."""

        def moved() -> bool:
            status, body = self.ask("/clock", send=change)
            if status == 200:
                self._moved_to = datetime.fromisoformat(json.loads(body)["now"])
            return status == 200

        self.wait(moved, f"clock {change}")

    def settle(self) -> None:
        """Wait until all feeders have written what is due since the clock was moved."""

        def settled() -> bool:
            health = self.health()
            feeders, now = health["feeders"], datetime.fromisoformat(health["clock"]["now"])
            is_current = now >= self._moved_to
            return is_current and all(f["lag_s"] == 0 and f["state"] == "running" for f in feeders)

        self.wait(settled, "the feeders are up to now")

    def well(self) -> bool:
        """Whether every part is healthy."""
        return all(part.healthy for part in self.supervised.status())

    def kill(self, name: str) -> None:
        """SIGKILL a part and its children. Supervisor restarts it."""
        pid = self.supervised.processes()[name].pid
        if pid:
            os.killpg(pid, signal.SIGKILL)
            self.wait(lambda: self.supervised.processes()[name].pid not in (0, pid), f"{name} is there again")

    def aws(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the AWS CLI against the parts' services."""
        return aws(words, self.stack.endpoints)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `bus-simulator` command against the parts' services."""
        return subprocess.run(
            [*PROGRAM, *words], env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )

    def store(self) -> TimestreamStore:
        """The parts' store."""
        url = f"http://127.0.0.1:{self.stack.ports.store}"
        return TimestreamStore(
            "bus_simulator",
            region="eu-west-1",
            endpoint_url=url,
            read_retries=PATIENT,
            write_retries=PATIENT,
        )


@contextmanager
def parts(
    clock: str, *, network: Path = ROOT / "data/lines.yaml", scenario: str | None = None
) -> Iterator[Parts]:
    """All parts, healthy; stopped at the end, and their files removed."""
    subprocess.run([ROOT / "localstack/install"], check=True)
    # A socket's path may have a hundred characters: pytest's own folders are too deep.
    with tempfile.TemporaryDirectory(prefix="bus-") as folder:
        stack = Stack(
            home=ROOT,
            folder=Path(folder),
            ports=Ports(*(free_port() for _ in range(5))),
            api_key=KEY,
            network_file=ROOT / "data/lines.yaml",
            clock=clock,
            refresh="1s",
        )
        supervised = SupervisedParts(stack.folder)
        try:
            supervised.up(stack)
            yield Parts(stack)
        finally:
            supervised.down()


def texts(answer: subprocess.CompletedProcess[str]) -> str:
    """The stdout of a command that succeeded."""
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def bodies(ask: Callable[[str], tuple[int, bytes]], paths: Sequence[str]) -> Mapping[str, tuple[int, bytes]]:
    """Each path's status and body."""
    return {path: ask(path) for path in paths}
