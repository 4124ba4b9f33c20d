"""The run that a store's data come from, and whether another run may continue writing.

A run's bytes follow from its inputs alone, so that data of two runs contradict each other where they meet. A
store that another run made is refused, unless the caller asks to continue with new inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from storage.coverage import overlapping
from storage.errors import RunMismatch
from storage.schema import Stream
from storage.store import Covered, Run, Store

MEND = "pass --continue-with-new-inputs to go on with the new ones, or choose another --store"


def scenario_by_digest(digest: str) -> str:
    """The text for a scenario of which only the digest is known."""
    return f"the scenario with digest {digest[:12]}"


def check_run(
    store: Store,
    run: Run,
    *,
    continue_with_new_inputs: bool = False,
    scenario_words: Callable[[str], str] = scenario_by_digest,
) -> None:
    """Return if `run` may write to `store`; raise `RunMismatch` otherwise.

    It may where the store is empty, its newest data are of `run`, or the caller wants to continue with new
    inputs. The message names the inputs that differ, a scenario in the words that
    `scenario_words` has for its digest, and what to do.
    """
    newest = newest_run(store)
    if newest is None or newest == run or continue_with_new_inputs:
        return
    found = differences(newest, run, scenario_words)
    raise RunMismatch(f"The store holds data of another run: {found}; {MEND}.")


def newest_run(store: Store) -> Run | None:
    """The run of the newest covered instant over all streams; None for a store without data."""
    stretches = [stretch for stream in Stream for stretch in store.coverage(stream)]
    newest = max(stretches, key=lambda stretch: (stretch.end, stretch.run.run_id), default=None)
    return None if newest is None else newest.run


def differences(held: Run, run: Run, scenario_words: Callable[[str], str] = scenario_by_digest) -> str:
    """Return, in words, in which inputs `run` differs from the run `held` of a store."""
    pairs = (
        ("seed", str(held.seed), str(run.seed)),
        ("network", held.network_digest[:12], run.network_digest[:12]),
        ("model version", held.model_version, run.model_version),
    )
    found = [
        f"{name} {theirs} in the store, {ours} in this run" for name, theirs, ours in pairs if theirs != ours
    ]
    if held.scenario_digest != run.scenario_digest:
        theirs, ours = (
            scenario_words(digest) if digest else "no scenario"
            for digest in (held.scenario_digest, run.scenario_digest)
        )
        found.append(f"the store was written with {theirs}, this run uses {ours}")
    return "; ".join(found)


def refuse_overlap(coverage: Sequence[Covered], covers: tuple[datetime, datetime], run: Run) -> None:
    """Raise `RunMismatch` when a run other than `run` covers some of [start, end)."""
    for stretch in overlapping(coverage, *covers):
        if stretch.run != run:
            raise RunMismatch(
                f"{stretch.start.isoformat()} to {stretch.end.isoformat()} is covered by another run: "
                f"{differences(stretch.run, run)}; choose another --store, or a time that it doesn't cover."
            )
