"""The task that a cluster's workers import to write dates of a lake."""

from __future__ import annotations

import pickle

from bus_simulator.program import use_program


def write_dates(task: bytes) -> int:
    """Write the spans of a pickled `services.lake.date_task.DateTask`, and return the number of rows."""
    use_program()
    from services.lake import date_task

    return date_task.write_dates(pickle.loads(task))  # noqa: S301 - from this program's own driver
