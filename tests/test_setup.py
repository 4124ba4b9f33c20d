"""A checkout in a folder whose path has a space and letters beyond ASCII sets itself up and runs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.built_wheel import copied_checkout, quietly
from tests.environment import environment

pytestmark = [pytest.mark.e2e, pytest.mark.long]

SERVES = re.compile(r"^Madrid Bus Real-Time Simulator at (\S+)$", re.MULTILINE)
MAKE = ("make", "--no-print-directory", f"PYTHON={sys.executable}")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this checkout."""
    return copied_checkout(tmp_path / "My Projects" / "ñandú")


@pytest.mark.skipif(not Path(sys.prefix, ".installed").exists(), reason="no .venv of make setup")
def test_pip_of_the_activated_environment_installs_into_it(tmp_path: Path) -> None:
    activate = Path(sys.prefix, "bin/activate")
    for name in ("pip", "pip3"):
        listed = quietly(["bash", "-c", f". '{activate}' && {name} list --format=freeze"], tmp_path)
        assert "duckdb==" in listed


@contextmanager
def made_to_run(folder: Path) -> Iterator[tuple[str, Sequence[str]]]:
    """Start `make run`; yield its URL and output so far; end it with its children."""
    with subprocess.Popen(
        [*MAKE, "run", "ARGS=--port 0 --backfill 0"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            printed = []
            for line in process.stdout or ():
                printed.append(line.rstrip())
                if found := SERVES.search(line):
                    yield found[1], printed
                    break
            else:
                pytest.fail("\n".join(printed))
        finally:
            os.killpg(process.pid, signal.SIGTERM)


def steps(printed: Sequence[str]) -> list[str]:
    """The announced steps, without numbers."""
    return [re.sub(r" \d[\d.]*", "", line.removesuffix(" …")) for line in printed if line.endswith(" …")]


def test_make_run_installs_what_it_needs_and_make_setup_the_rest(checkout: Path) -> None:
    with made_to_run(checkout) as (address, printed), urlopen(f"{address}/health") as answer:
        assert answer.status == 200
    without_uv = (
        subprocess.run(["uv", "--version"], capture_output=True).returncode if shutil.which("uv") else 1
    )
    assert steps(printed) == [
        "Making .venv with Python",
        *(["Installing uv, which installs the rest"] if without_uv else []),
        "Installing packages for running the simulator",
    ]
    assert not (checkout / ".venv/bin/pytest").exists()
    setup = quietly([*MAKE, "setup"], checkout)
    assert steps(setup.splitlines()) == ["Installing packages for running, testing and operating it"]
    assert "Nothing to be done" in quietly([*MAKE, "setup"], checkout)
    assert "bus-simulator, version" in quietly([checkout / ".venv/bin/bus-simulator", "--version"], checkout)
    script = checkout / "scripts/verify_deployment.py"
    assert "--region" in quietly([checkout / ".venv/bin/python", script, "--help"], checkout.parent)
