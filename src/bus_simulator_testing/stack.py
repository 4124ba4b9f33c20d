"""All parts in containers beside LocalStack, started with the package's compose file."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from bus_simulator_testing.choices import MORNING, Choices
from bus_simulator_testing.container import IMAGE
from bus_simulator_testing.program import NotStarted, environment
from bus_simulator_testing.simulator import BusSimulator

PORTS = {"api": 8080, "mcp-server": 8081, "localstack": 4566, "timestream": 4568}
LONG_AGO = "2026-01-01T00:00:00Z"
READY_S, POLL_S = 300.0, 0.5
WELL = ("healthy", "exited-0")
"""States of a container that runs, and of the one that writes the history and ends."""


class BusSimulatorStack(BusSimulator):
    """The parts running within a `with`, in a compose project of their own on free ports, removed at the end.

    `scenario` must be a shipped scenario's name and needs `at`. `backfill` and `timestream` have no effect:
    history begins with the hour of the start, and the data are always in a Timestream endpoint.
    """

    def __init__(self, choices: Choices | None = None, *, image: str = IMAGE) -> None:
        """Raises ValueError for a scenario without `at`, or one in a file."""
        self.choices = choices or Choices()
        if self.choices.scenario is not None and (
            self.choices.at is None or Path(self.choices.scenario).exists()
        ):
            raise ValueError("a stack takes a shipped scenario's name, together with at=…")
        self._key = secrets.token_urlsafe(16)
        self._variables = self._environment(image)
        self._places: dict[str, str] = {}

    @property
    def api_url(self) -> str:
        """See `BusSimulator`."""
        return self._url("api")

    @property
    def api_key(self) -> str:
        """See `BusSimulator`; it is in LocalStack's Secrets Manager."""
        return self._key

    @property
    def mcp_url(self) -> str:
        """See `BusSimulator`; the MCP server is a part of its own."""
        return f"{self._url('mcp-server')}/mcp"

    @property
    def timestream_endpoint(self) -> str:
        """See `BusSimulator`."""
        return self._url("timestream")

    @property
    def localstack_endpoint(self) -> str:
        """The `endpoint_url` of S3, Secrets Manager, SSM, EventBridge, SQS and CloudWatch."""
        return self._url("localstack")

    def __enter__(self) -> BusSimulatorStack:
        """Start the parts and wait until all are healthy. Raises `NotStarted`."""
        try:
            self._compose("up", "--detach")
            self._wait_until_healthy()
            self._places = {
                name: self._compose("port", name, str(port)).strip() for name, port in PORTS.items()
            }
            if self.choices.speed is not None:
                self._api.post("/clock", {"rate": self.choices.speed})
        except BaseException:
            with suppress(NotStarted):  # the first failure says why
                self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """See `stop`."""
        self.stop()

    def stop(self) -> None:
        """Stop the parts and delete their data."""
        self._compose("down", "--volumes", "--timeout", "20")

    def _finish_writing(self) -> None:
        """See `BusSimulator`: the feeders are processes that read the clock once a second."""
        self._wait(lambda _: all(not feeder["lag_s"] for feeder in self.get("/health")["feeders"]), READY_S)

    def _url(self, service: str) -> str:
        if service not in self._places:
            raise NotStarted("the stack has not been started: use it in a `with`")
        return f"http://{self._places[service]}"

    def _environment(self, image: str) -> Mapping[str, str]:
        """Return the variables of compose.yaml. An empty port takes a free one."""
        chosen = self.choices
        clock = {"anchor": chosen.at or MORNING, "wall_anchor": LONG_AGO, "rate": 1, "paused": True}
        network = {} if chosen.network is None else {"NETWORK_FILE": str(Path(chosen.network).resolve())}
        return {
            **environment(self._key),
            **{f"{name}_PORT": "" for name in ("API", "MCP", "LOCALSTACK", "DYNAMODB", "TIMESTREAM")},
            **network,
            "COMPOSE_PROJECT_NAME": f"bus-simulator-{secrets.token_hex(4)}",
            "IMAGE": image,
            "CLOCK": json.dumps(clock),
            "HISTORY": "0",
            "BUS_SIMULATOR_SCENARIO": str(chosen.scenario or ""),
            "BUS_SIMULATOR_SEED": "" if chosen.seed is None else str(chosen.seed),
        }

    def _wait_until_healthy(self) -> None:
        """Wait until every container is healthy. Raises `NotStarted`."""
        waited_s, unwell = 0.0, [""]
        while unwell:
            states = self._states()
            unwell = [f"{name}: {state}" for name, state in states.items() if state not in WELL]
            if unwell and waited_s >= READY_S:
                raise NotStarted(f"not healthy after {READY_S:g} s: {', '.join(unwell)}")
            threading.Event().wait(POLL_S)
            waited_s += POLL_S

    def _states(self) -> Mapping[str, str]:
        """Return the state of each container by its name."""
        ids = self._compose("ps", "--quiet").split()
        health, ended = "{{.State.Health.Status}}", "{{.State.Status}}-{{.State.ExitCode}}"
        shown = (
            f"{{{{.Name}}}} {{{{if and .State.Running .State.Health}}}}{health}{{{{else}}}}{ended}{{{{end}}}}"
        )
        lines = run(["docker", "inspect", "--format", shown, *ids], self._variables).splitlines()
        return dict(line.removeprefix("/").split() for line in lines)

    def _compose(self, *words: str) -> str:
        return run([*compose_program(), "--file", str(compose_file()), *words], self._variables)


def compose_file() -> Path:
    """Return the compose file of the package, or of the checkout that it is used from."""
    places = (Path(__file__).parent / "composed" / "compose.yaml", Path(__file__).parents[2] / "compose.yaml")
    return next(place for place in places if place.exists())


def compose_program() -> list[str]:
    """Return the command of compose version 2 or of the older program. Raises `NotStarted`."""
    if (
        shutil.which("docker")
        and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode
    ):
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise NotStarted("a stack needs Docker's compose: `docker compose` or docker-compose")


def run(command: list[str], variables: Mapping[str, str]) -> str:
    """Return a command's output. Raises `NotStarted` with its error output if it fails."""
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotStarted(f"{' '.join(command)}: {_reason(done.stderr.strip())}")
    return done.stdout


def _reason(printed: str) -> str:
    """The last line of a traceback, which docker-compose prints without Docker; else all lines."""
    return printed.splitlines()[-1] if printed.startswith("Traceback ") else printed
