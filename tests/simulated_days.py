"""Line-days that several tests need, simulated once: `line_day` is a pure function."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from simulator.day import line_day_processes
from simulator.day.line_day import line_day
from simulator.day.trajectory import Trajectory
from simulator.network import Line
from simulator.scenario.line_changes import NO_CHANGES, LineChanges

MOST = 100


@contextmanager
def each_simulated_once() -> Iterator[None]:
    """Make every `City` of this process reuse the last `MOST` line-days that any of them has simulated."""
    kept: dict[bytes, Trajectory] = {}

    def simulated(line: Line, *, seed: int, day: date, changes: LineChanges = NO_CHANGES) -> Trajectory:
        inputs = pickle.dumps((line, seed, day, changes))
        found = kept.pop(inputs, None)
        kept[inputs] = found or line_day(line, seed=seed, day=day, changes=changes)
        if len(kept) > MOST:
            del kept[next(iter(kept))]
        return kept[inputs]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_day_processes, "line_day", simulated)
        yield
