"""The wheel that users install, environments that have it or this checkout, and copies of this checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.environment import environment

ROOT = Path(__file__).parent.parent
UV = ROOT / "scripts" / "uv"
LOCK = ROOT / "requirements.lock"


def wheel(folder: Path) -> Path:
    """The wheel of this tree, built into `folder` by the backend that is installed here."""
    builds = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    quietly([sys.executable, "-c", builds, folder], ROOT)
    (built,) = folder.glob("*.whl")
    return built


def environment_with(built: Path, extra: str, folder: Path) -> Path:
    """A virtual environment in `folder` with a wheel and an extra, in the lock's versions; its Python."""
    python = empty_environment(folder)
    quietly([UV, "pip", "install", "--quiet", "--python", python, "-c", LOCK, f"{built}[{extra}]"], ROOT)
    return python


def environment_with_checkout(extra: str, folder: Path) -> Path:
    """A virtual environment in `folder` with this checkout, as by `pip install -e`; its Python."""
    python = empty_environment(folder)
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", python]
    quietly([*install, "--require-hashes", "-r", ROOT / "requirements-build.lock"], ROOT)
    quietly([*install, "-c", LOCK, "--no-build-isolation", "-e", f"{ROOT}[{extra}]"], ROOT)
    return python


def empty_environment(folder: Path) -> Path:
    """A virtual environment in `folder` with nothing installed; its Python."""
    quietly([UV, "venv", "--quiet", "--python", sys.executable, folder], ROOT)
    return folder / "bin" / "python"


def copied_checkout(folder: Path) -> Path:
    """`folder`, made, with the files of this checkout that git keeps or would add."""
    listed = quietly(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def quietly(command: list[str | Path], folder: Path, variables: Mapping[str, str] | None = None) -> str:
    """Run a command with `variables` in its environment; return its stdout. Fails with its whole output."""
    env = environment(**(variables or {}))
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
