"""The parts as containers of `compose.yaml`, through Docker's command line: for `bus-simulator ops`.

Works with compose version 2 (`docker compose`) and the older `docker-compose`. Containers can be found and
ended without either; a missing or stopped Docker means that none run.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.stack.supervisor_control import PATIENCE_S, StackProblem

POLL_S = 0.5
NONE_RUN = "none run here"
WELL = ("running healthy", "exited with 0")
"""States of a part without a fault; the one that writes the history ends with the second."""
STATE = (
    "{{.Name}} {{.State.Status}} "
    "{{if and .State.Running .State.Health}}{{.State.Health.Status}}{{else}}with {{.State.ExitCode}}{{end}}"
)
FOLDER_LABEL = "com.docker.compose.project.working_dir"
"""Compose labels each container with the folder of its compose file."""


@dataclass(frozen=True, slots=True)
class Containers:
    """The ids of this project's containers; without any, `reason` says why."""

    ids: Sequence[str] = ()
    reason: str = ""


def containers() -> Containers:
    """Look for containers that `compose.yaml` of the working directory has started."""
    if not Path("compose.yaml").exists():
        return Containers(reason="there is no compose.yaml here")
    if program := compose_program():
        command = [*program, "ps", "--quiet"]
    elif shutil.which("docker"):
        command = ["docker", "ps", "--quiet", "--filter", f"label={FOLDER_LABEL}={Path.cwd()}"]
    else:
        return Containers(reason="Docker is not installed")
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode:
        said = listed.stderr.strip().splitlines() or [f"it ended with exit code {listed.returncode}"]
        return Containers(reason=f"Docker doesn't answer: {said[-1]}")
    ids = listed.stdout.split()
    return Containers(ids, "" if ids else NONE_RUN)


def compose_program() -> list[str]:
    """The command of compose: version 2's, else the older program's, empty where neither is installed."""
    if shutil.which("docker"):
        version = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if version.returncode == 0:
            return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else []


def compose(*words: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a compose command. Raises `StackProblem` where compose isn't installed."""
    program = compose_program()
    if not program:
        raise StackProblem("this needs Docker's compose plugin (`docker compose`) or docker-compose")
    return subprocess.run([*program, *words], capture_output=quiet, text=True, check=False)


def published_port(name: str, port: int) -> int:
    """The port on this machine of a part's port. Raises `StackProblem`."""
    said = compose("port", name, str(port), quiet=True).stdout.strip()
    number = said.rpartition(":")[2]
    if not number.isdigit():
        raise StackProblem(f"the container {name} isn't reachable from this machine; `make up` starts it")
    return int(number)


def runs(name: str) -> bool:
    """Whether a part has a container."""
    return bool(compose("ps", "--quiet", name, quiet=True).stdout.strip())


def down(found: Containers, *, forget: bool = False) -> None:
    """Remove the containers, with compose also their network; with `forget` their volumes, too.

    Raises `StackProblem`.
    """
    program = compose_program()
    if forget and not program:
        raise StackProblem("this needs compose, which knows the volumes: docker compose or docker-compose")
    words = (
        [*program, "down", *(["--volumes"] * forget)] if program else ["docker", "rm", "--force", *found.ids]
    )
    code = subprocess.run(words, check=False).returncode
    if code:
        raise StackProblem(f"`{' '.join(words)}` ended with exit code {code}")


def unwell() -> Sequence[str]:
    """Each container that isn't running and healthy, as its name and state."""
    ids = compose("ps", "--all", "--quiet", quiet=True).stdout.split()
    inspect = ["docker", "inspect", "--format", STATE, *ids]
    states = subprocess.run(inspect, capture_output=True, text=True, check=False).stdout.splitlines()
    return [state.lstrip("/") for state in states if not state.endswith(WELL)]


def restart(names: Sequence[str]) -> None:
    """Restart parts and return when all are healthy. Raises `StackProblem`."""
    done = compose("restart", *names)
    if done.returncode:
        raise StackProblem(f"compose restart ended with exit code {done.returncode}")
    ends_s = time.monotonic() + PATIENCE_S
    while ill := unwell():
        if time.monotonic() > ends_s:
            raise StackProblem(f"not healthy within {PATIENCE_S:.0f} s: {'; '.join(ill)}")
        threading.Event().wait(POLL_S)
