"""The bytecode of a Lambda package, without which each cold start would compile every module again.

It is compiled by a Python of the functions' version, in one process and sorted order, and never compared with
its source (unchecked hashes): the same sources and the same Python give the same bytes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from services import settings

TASK = "/var/task"
"""Where Lambda unpacks a package; tracebacks name files there."""


def interpreter(uv: Path, version: str) -> str | None:
    """A Python of a version such as 3.12 on this machine, None without one."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    command = [str(uv), "python", "find", "--no-python-downloads", version]
    environment = settings.program_environment(
        {"PYENV_VERSION": version}
    )  # else pyenv offers only its default
    found = subprocess.run(  # noqa: S603 - uv, with fixed words
        command, env=environment, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or None


def bytecode(python: str, content: Mapping[str, bytes]) -> dict[str, bytes]:
    """The compiled modules of a package, by their names in it. Modules that don't compile are left out."""
    with TemporaryDirectory(prefix="bytecode-") as folder:
        root = Path(folder)
        for name in sorted(content):
            if name.endswith(".py"):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content[name])
        command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
        command += ["-s", folder, "-p", TASK, folder]
        # Some dependencies have templates that are no Python; compileall then exits with 1.
        subprocess.run(  # noqa: S603 - Python, with fixed words
            command,
            env=settings.program_environment({"PYTHONHASHSEED": "0"}),
            capture_output=True,
            check=False,
        )
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*.pyc"))}
