"""The memory of a command: its children count, and a failure is reported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.memory import greatest_memory

HOLD = "held = b'x' * {megabytes}_000_000; time.sleep(1)"


def test_the_memory_of_children_counts(tmp_path: Path) -> None:
    child = f"import time; {HOLD.format(megabytes=60)}"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); "
    parent += HOLD.format(megabytes=40)
    assert 0.1 < greatest_memory([sys.executable, "-c", parent], tmp_path) < 0.15


def test_a_command_that_fails_has_no_figure(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        greatest_memory([sys.executable, "-c", "raise SystemExit(2)"], tmp_path)
