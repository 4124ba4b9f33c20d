"""The progress of long work (reading a feed, building lines, simulating), for callers that show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Progress(NamedTuple):
    """The name of the work, and how much of it is done: `done` of `total`, counted in `unit`."""

    work: str
    done: int
    total: int
    unit: str


OnProgress: TypeAlias = Callable[[Progress], None]
"""Called in the working thread, before the first unit and after each."""


def ignore_progress(_progress: Progress) -> None:
    """An `OnProgress` that does nothing."""
