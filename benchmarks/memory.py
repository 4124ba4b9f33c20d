"""The memory of a command and its children, while it runs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

EVERY_S = 0.25


def greatest_memory(command: Sequence[str], folder: Path) -> float:
    """Run a command in a folder; return the greatest sum of its processes' memory, in GB.

    It is the sum of their proportional set sizes: a page that several processes share counts once. Raises
    `subprocess.CalledProcessError` if the command fails.
    """
    greatest = 0
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as running:
        process = psutil.Process(running.pid)
        while running.poll() is None:
            greatest = max(greatest, present_memory(process))
            with suppress(subprocess.TimeoutExpired):
                running.wait(EVERY_S)
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return greatest / 1e9


def present_memory(process: psutil.Process) -> int:
    """The proportional set sizes of a process and its children, in bytes."""
    total = 0
    with suppress(psutil.Error):  # the process has just ended
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += each.memory_full_info().pss
    return total
