"""The containers of compose.yaml under a name of their own, on free ports, with a paused clock."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bus_simulator_testing.api import Api
from tests.environment import environment

ROOT = Path(__file__).parents[2]
KEY = "compose-key"
NOW = "2026-03-03T07:10:20Z"
SCENARIO = "strike"
CLOCK = json.dumps({"anchor": NOW, "wall_anchor": "2026-01-01T00:00:00Z", "rate": 1, "paused": True})
PORTS = {"api": 8080, "mcp-server": 8081, "localstack": 4566, "dynamodb": 4567, "timestream": 4568}
STORES = ("TIMESTREAM", "POSTGRES")
PATIENCE_S = 900


@dataclass(frozen=True, slots=True)
class Composed:
    """The running stack: the ports of its parts on this machine, by service."""

    project: str
    variables: Mapping[str, str]
    places: Mapping[str, str]

    def url(self, service: str) -> str:
        """The URL of a service."""
        return f"http://{self.places[service]}"

    @property
    def api(self) -> Api:
        """Its REST API."""
        return Api(self.url("api"), {"x-api-key": KEY, "x-group-name": "tests"})

    def compose(self, *words: str) -> str:
        """Run a compose command; return its stdout."""
        return compose(self.variables, *words)


@contextmanager
def composed(project: str) -> Iterator[Composed]:
    """The stack as `make up` starts it; removed at the end with its volume."""
    free = {f"{name}_PORT": "" for name in ("API", "MCP", "LOCALSTACK", "DYNAMODB", *STORES)}
    variables = environment(
        **free,
        COMPOSE_PROJECT_NAME=project,
        BUS_SIMULATOR_API_KEY=KEY,
        BUS_SIMULATOR_SCENARIO=SCENARIO,
        CLOCK=CLOCK,
        HISTORY="0",
    )
    try:
        said(["docker/up"], variables)
        places = {name: compose(variables, "port", name, str(port)).strip() for name, port in PORTS.items()}
        yield Composed(project, variables, places)
    finally:
        compose(variables, "down", "--volumes", "--timeout", "20")


def compose(variables: Mapping[str, str], *words: str) -> str:
    """Run a compose command, by version 2 or the older program; return its stdout."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    program = ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]
    return said([*program, *words], variables)


def said(command: list[str], variables: Mapping[str, str]) -> str:
    """Run a command; return its stdout. Fails with its whole output."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=dict(variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
