"""Which run a store's data come from, and whether another run may go on in it.

A run's bytes follow from its inputs alone; data of two runs contradict one another where they meet. So a
store that another run made is refused, unless the caller says that new inputs are meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from storage.coverage import overlapping
from storage.errors import RunMismatch
from storage.schema import Stream
from storage.store import Covered, Run, Store

MEND = "pass --continue-with-new-inputs to go on with the new ones, or choose another --store"


def check_run(store: Store, run: Run, *, continue_with_new_inputs: bool = False) -> None:
    """Return when `run` may write to `store`.

    It may where the store is empty, its newest data are of `run`, or new inputs are meant. Raises
    `RunMismatch`, which names the inputs that differ and the mend.
    """
    newest = newest_run(store)
    if newest is None or newest == run or continue_with_new_inputs:
        return
    raise RunMismatch(f"The store holds data of another run: {differences(newest, run)}; {MEND}.")


def newest_run(store: Store) -> Run | None:
    """The run of the newest covered instant over all streams; None for a store without data."""
    stretches = [stretch for stream in Stream for stretch in store.coverage(stream)]
    newest = max(stretches, key=lambda stretch: (stretch.end, stretch.run.run_id), default=None)
    return None if newest is None else newest.run


def differences(held: Run, run: Run) -> str:
    """In words, what tells `run` from the run that a store holds."""
    pairs = (
        ("seed", str(held.seed), str(run.seed)),
        ("network", held.network_digest[:12], run.network_digest[:12]),
        ("scenario", held.scenario_digest[:12] or "none", run.scenario_digest[:12] or "none"),
        ("model version", held.model_version, run.model_version),
    )
    return ", ".join(f"{name} {theirs} there, {ours} here" for name, theirs, ours in pairs if theirs != ours)


def refuse_overlap(coverage: Sequence[Covered], covers: tuple[datetime, datetime], run: Run) -> None:
    """Raise `RunMismatch` when a run other than `run` covers some of [start, end)."""
    for stretch in overlapping(coverage, *covers):
        if stretch.run != run:
            raise RunMismatch(
                f"{stretch.start.isoformat()} to {stretch.end.isoformat()} is covered by another run: "
                f"{differences(stretch.run, run)}; choose another --store, or a time that it doesn't cover."
            )
