"""How far long work is, for callers that show it: reading a feed, building lines, simulating line-days."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Progress(NamedTuple):
    """What is being done, and how many pieces of it are done: `done` of `total`, counted in `unit`."""

    work: str
    done: int
    total: int
    unit: str


OnProgress: TypeAlias = Callable[[Progress], None]
"""Called in the thread that works, before the first piece and after each."""


def ignore_progress(_progress: Progress) -> None:
    """An `OnProgress` that does nothing."""
