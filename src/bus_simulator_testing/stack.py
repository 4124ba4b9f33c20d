"""All parts in containers beside LocalStack, by the compose file that comes with the package."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from bus_simulator_testing.choices import MORNING, Choices
from bus_simulator_testing.container import IMAGE
from bus_simulator_testing.process import NotStarted, environment
from bus_simulator_testing.simulator import BusSimulator

PORTS = {"api": 8080, "mcp-server": 8081, "localstack": 4566, "timestream": 4568}
LONG_AGO = "2026-01-01T00:00:00Z"
READY_S, LOOK_S = 300.0, 0.5


class BusSimulatorStack(BusSimulator):
    """The stack while a `with` lasts, under a name of its own and on free ports; nothing of it is left.

    `scenario` is a name, with `at`; `backfill` and `timestream` say nothing here: there is no history before
    the hour that the clock begins in, and the data are in the Timestream endpoint.
    """

    def __init__(self, choices: Choices | None = None, *, image: str = IMAGE) -> None:
        """Raises ValueError for a scenario without `at`, or one in a file."""
        self.choices = choices or Choices()
        if self.choices.scenario is not None and (
            self.choices.at is None or Path(self.choices.scenario).exists()
        ):
            raise ValueError("a stack takes a scenario by its name, together with at=…")
        self._key = secrets.token_urlsafe(16)
        self._variables = self._environment(image)
        self._places: dict[str, str] = {}

    @property
    def api_url(self) -> str:
        """See `BusSimulator`."""
        return self._url("api")

    @property
    def api_key(self) -> str:
        """See `BusSimulator`; LocalStack's Secrets Manager has it."""
        return self._key

    @property
    def mcp_url(self) -> str:
        """See `BusSimulator`: a server of its own."""
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
        """Start it and wait until every part is healthy. Raises `NotStarted`."""
        try:
            self._compose("up", "--detach")
            self._become_healthy()
            self._places = {
                name: self._compose("port", name, str(port)).strip() for name, port in PORTS.items()
            }
            if self.choices.speed is not None:
                self._api.post("/clock", {"rate": self.choices.speed})
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
        self._compose("down", "--volumes", "--timeout", "20")

    def _settle(self) -> None:
        """See `BusSimulator`: feeders of their own follow the clock within a second."""
        self._wait(lambda _: all(not feeder["lag_s"] for feeder in self.get("/health")["feeders"]), READY_S)

    def _url(self, service: str) -> str:
        if service not in self._places:
            raise NotStarted("it has not been started: use it in a `with`")
        return f"http://{self._places[service]}"

    def _environment(self, image: str) -> Mapping[str, str]:
        """The variables of compose.yaml. An empty port takes a free one."""
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
            "BUS_SIMULATOR_SCENARIO": str(chosen.scenario or ""),
            "BUS_SIMULATOR_SEED": "" if chosen.seed is None else str(chosen.seed),
        }

    def _become_healthy(self) -> None:
        """Until every container is healthy."""
        waited_s, unwell = 0.0, [""]
        while unwell:
            states = self._states()
            unwell = [f"{name}: {state}" for name, state in states.items() if state != "healthy"]
            if unwell and waited_s >= READY_S:
                raise NotStarted(f"not healthy after {READY_S:g} s: {', '.join(unwell)}")
            threading.Event().wait(LOOK_S)
            waited_s += LOOK_S

    def _states(self) -> Mapping[str, str]:
        """How each container is, by its name."""
        ids = self._compose("ps", "--quiet").split()
        shown = "{{.Name}} {{if .State.Running}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}"
        lines = run(["docker", "inspect", "--format", shown, *ids], self._variables).splitlines()
        return dict(line.removeprefix("/").split() for line in lines)

    def _compose(self, *words: str) -> str:
        return run([*compose_program(), "--file", str(compose_file()), *words], self._variables)


def compose_file() -> Path:
    """The one in the package, or in the project's folder where the package is used from there."""
    places = (Path(__file__).parent / "composed" / "compose.yaml", Path(__file__).parents[2] / "compose.yaml")
    return next(place for place in places if place.exists())


def compose_program() -> list[str]:
    """Compose version 2, or the older program. Raises `NotStarted` without either."""
    if (
        shutil.which("docker")
        and not subprocess.run(["docker", "compose", "version"], capture_output=True).returncode
    ):
        return ["docker", "compose"]
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    raise NotStarted("a stack needs Docker's compose: `docker compose` or docker-compose")


def run(command: list[str], variables: Mapping[str, str]) -> str:
    """What a command prints. Raises `NotStarted` with what it said when it fails."""
    done = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotStarted(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
