"""The parts as containers of `compose.yaml`, through Docker's own programs: for `bus-simulator ops`."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from services.stack.supervisor_control import PATIENCE_S, StackProblem

LOOK_S = 0.5
WELL = "running healthy"
STATE = "{{.Name}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}unwatched{{end}}"


def is_up() -> bool:
    """Whether containers of this project run here."""
    if not Path("compose.yaml").exists() or shutil.which("docker") is None:
        return False
    found = compose("ps", "--quiet", quiet=True)
    return found.returncode == 0 and bool(found.stdout.strip())


def compose(*words: str, quiet: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command of compose, version 2 or the older program."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    program = ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]
    return subprocess.run([*program, *words], capture_output=quiet, text=True, check=False)


def unwell() -> Sequence[str]:
    """Each container that isn't running and healthy: its name and how it is."""
    ids = compose("ps", "--all", "--quiet", quiet=True).stdout.split()
    inspect = ["docker", "inspect", "--format", STATE, *ids]
    states = subprocess.run(inspect, capture_output=True, text=True, check=False).stdout.splitlines()
    return [state.lstrip("/") for state in states if not state.endswith(WELL)]


def restart(names: Sequence[str]) -> None:
    """Start parts anew, and return when all are well. Raises `StackProblem`."""
    done = compose("restart", *names)
    if done.returncode:
        raise StackProblem(f"compose restart ends with {done.returncode}")
    ends_s = time.monotonic() + PATIENCE_S
    while ill := unwell():
        if time.monotonic() > ends_s:
            raise StackProblem(f"not well within {PATIENCE_S:.0f} s: {'; '.join(ill)}")
        threading.Event().wait(LOOK_S)
