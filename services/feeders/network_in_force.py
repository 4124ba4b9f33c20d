"""Which network counts now: the one loaded last, or one that it replaces at the next whole hour.

A process that starts between a change of the network and the hour at which it takes effect finds the new one.
The store's coverage says which runs were being written; their networks are earlier versions of the object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.feeders.history_plan import REACH, live_start
from services.inputs.load import Inputs
from services.inputs.network_reload import ReloadableInputs
from services.times import HOUR, ceiling, floor
from storage.schema import Stream
from storage.store import Run, Store


@dataclass(frozen=True, slots=True)
class ReplacedInputs:
    """Inputs that count until the whole hour `end`; feeders of the streams asked for continue at `start`."""

    inputs: Inputs
    start: datetime
    end: datetime


def replaced_inputs(
    store: Store, inputs: ReloadableInputs, now: datetime, streams: Sequence[Stream] = tuple(Stream)
) -> list[ReplacedInputs]:
    """The inputs, oldest first, whose last hours aren't complete in `streams`; empty if the newest count.

    Left out are runs with another seed, scenario or model, and networks that are no longer kept. Raises
    `DependencyError`.
    """
    newest = inputs.current.run
    written_until = ends_of_others(store, newest)
    reached = min(reached_in(store, stream, default=floor(now, HOUR)) for stream in streams)
    found: list[ReplacedInputs] = []
    for run, end in sorted(written_until.items(), key=lambda each: each[1]):
        if end <= max(reached, now - REACH) or not differ_in_network_only(run, newest):
            continue
        earlier = inputs.earlier(run)
        if earlier is not None:
            start = found[-1].end if found else min(reached, live_start(store, run, now, streams))
            found.append(ReplacedInputs(earlier, start, end))
    return found


def inputs_in_force(store: Store, inputs: ReloadableInputs, now: datetime) -> Inputs:
    """The inputs that count at `now`: until the whole hour those that the newest replace. Raises as above."""
    replaced = replaced_inputs(store, inputs, now)
    return next((each.inputs for each in replaced if each.end > now), inputs.current)


def ends_of_others(store: Store, run: Run) -> dict[Run, datetime]:
    """The whole hour up to which each run except `run` counts, by the coverage of all streams."""
    ends: dict[Run, datetime] = {}
    for stream in Stream:
        for held in store.coverage(stream):
            if held.run != run:
                ends[held.run] = max(ends.get(held.run, held.end), ceiling(held.end, HOUR))
    return ends


def reached_in(store: Store, stream: Stream, *, default: datetime) -> datetime:
    """The end of a stream's coverage, by any run."""
    return max((held.end for held in store.coverage(stream)), default=default)


def differ_in_network_only(run: Run, other: Run) -> bool:
    """Whether two runs have the same seed, scenario and model."""
    return (run.seed, run.scenario_digest, run.model_version) == (
        other.seed,
        other.scenario_digest,
        other.model_version,
    )
