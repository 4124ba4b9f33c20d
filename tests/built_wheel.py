"""The wheel that users install, and a virtual environment that has it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).with_name("uv")


def wheel(folder: Path) -> Path:
    """The wheel of this tree, built into `folder` by the backend that is installed here."""
    builds = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    quietly([sys.executable, "-c", builds, folder], ROOT)
    (built,) = folder.glob("*.whl")
    return built


def environment_with(built: Path, extra: str, folder: Path) -> Path:
    """A virtual environment in `folder` with a wheel and an extra, in the lock's versions; its Python."""
    quietly([UV, "venv", "--quiet", "--python", sys.executable, folder], ROOT)
    python = folder / "bin" / "python"
    lock = ROOT / "requirements.lock"
    quietly([UV, "pip", "install", "--quiet", "--python", python, "-c", lock, f"{built}[{extra}]"], ROOT)
    return python


def quietly(command: list[str | Path], folder: Path) -> str:
    """What a command prints. Fails with all that it said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
