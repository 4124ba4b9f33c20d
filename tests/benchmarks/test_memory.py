"""The memory of a command: its children count, and a failure is reported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks import memory
from benchmarks.memory import greatest_memory, present_memory

CHILD = "import sys; held = b'x' * 60_000_000; print('held', flush=True); sys.stdin.read()"
PARENT = f"""
import subprocess, sys
from pathlib import Path

held = b"x" * 40_000_000
child = subprocess.Popen([sys.executable, "-c", {CHILD!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
Path("held").touch()
Path("measured").read_text()
child.communicate()
"""
"""Both hold their memory until the named pipe `measured` is written to."""


def test_the_memory_of_children_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, measured = tmp_path / "held", tmp_path / "measured"
    os.mkfifo(measured)

    def measure(process: psutil.Process) -> int:
        is_held = held.exists()
        found = present_memory(process)
        if is_held:
            held.unlink()
            measured.write_text("")
        return found

    monkeypatch.setattr(memory, "present_memory", measure)
    assert 0.1 < greatest_memory([sys.executable, "-c", PARENT], tmp_path) < 0.15


def test_a_command_that_fails_has_no_figure(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        greatest_memory([sys.executable, "-c", "raise SystemExit(2)"], tmp_path)
