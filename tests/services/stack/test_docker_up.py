"""`docker/up` ends with the log of the container that isn't well, here with a stand-in for Docker."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fake_programs import program

ROOT = Path(__file__).parents[3]
DOCKER = """case "$*" in
  "compose up --detach") exit {up};;
  "compose ps --quiet --all") echo c-api c-localstack c-history;;
  "compose ps --quiet") echo c-localstack c-history;;
  inspect*State.Status*ExitCode*c-api) echo created 0;;
  inspect*State.Status*ExitCode*c-localstack) echo running healthy;;
  inspect*State.Status*ExitCode*c-history) echo {history};;
  inspect*c-history) echo "/history is {history}";;
  "logs --tail 20 c-history") echo "postgresql://bus_simulator@postgres: no answer";;
  logs*) exit 64;;
esac"""


def up(folder: Path, **states: str) -> subprocess.CompletedProcess[str]:
    """Run `docker/up STORE=postgres` with a Docker whose containers have these states."""
    (folder / "bin").mkdir()
    program(folder / "bin", "docker", DOCKER.format(**states))
    shutil.copytree(ROOT / "docker", folder / "project" / "docker")
    return subprocess.run(
        [folder / "project" / "docker" / "up"],
        env={"PATH": f"{folder / 'bin'}:{os.defpath}", "STORE": "postgres", "PATIENCE_S": "0"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "states",
    [{"up": "1", "history": "exited 1"}, {"up": "0", "history": "running unhealthy"}],
    ids=["never answers", "never healthy"],
)
def test_it_ends_with_the_log_of_the_part_that_is_not_well(states: dict[str, str], tmp_path: Path) -> None:
    done = up(tmp_path, **states)
    assert done.returncode == 1, done.stderr
    ending = f"/history is {states['history']}\npostgresql://bus_simulator@postgres: no answer\n"
    assert done.stderr.endswith(ending)
