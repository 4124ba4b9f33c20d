"""A run with its journal as commands read it: from a store at rest, or from the process that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from services.errors import InputError
from services.inputs.load import Inputs, load_inputs, opened
from services.interventions.running_city import running_city
from services.interventions.stored_journal import base_scenario, covered_end, stored_journal
from services.times import parse_instant
from simulator.journal import Intervention, Journal
from simulator.progress import OnProgress
from simulator.scenario.scenario import Scenario
from storage.errors import StoreHeld
from storage.runs import differences, newest_run
from storage.store import Run


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run's journal, its inputs as digests, and the moment that it has reached (None without data)."""

    journal: Journal
    run: Run | None
    reached: datetime | None


def recorded_run(store: str, url: str | None, group: str) -> RecordedRun:
    """Read a run from the simulator at a URL, from the store, or from the simulator that holds the store.

    Raises `InputError` and `DependencyError`.
    """
    if url is None:
        try:
            with closing(opened(store, must_exist=True)) as source:
                return RecordedRun(stored_journal(source), newest_run(source), covered_end(source))
        except StoreHeld:
            pass
    city = running_city(store, url, group)
    found, health = city.ask("GET", "/interventions"), city.ask("GET", "/health")
    names = [field.name for field in fields(Intervention)]
    items = ({name: item[name] for name in names} for item in found["items"])
    journal = Journal(tuple(map(Intervention.of_json, items)))
    return RecordedRun(journal, _run(health["run"]), parse_instant(found["time"]))


def _run(body: Mapping[str, Any]) -> Run:
    names = ("seed", "network_digest", "scenario_digest", "model_version")
    return Run(*(body[name] for name in names))


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """A recorded run with its inputs, and its scenario without the journal."""

    recorded: RecordedRun
    inputs: Inputs
    base: Scenario


def loaded_run(
    recorded: RecordedRun,
    network: Path | None,
    seed: int | None,
    scenario: str | None,
    on_progress: OnProgress,
) -> LoadedRun:
    """Load the inputs of a recorded run. Raises `InputError` if they are those of another run."""
    inputs = load_inputs(network, seed, scenario, on_progress)
    if recorded.run is not None and recorded.run != inputs.run:
        found = differences(recorded.run, inputs.run, inputs.scenario_words)
        raise InputError(f"the journal is that of another run: {found}; give that run's options")
    base = base_scenario(inputs, recorded.journal)
    named = base if network is None else replace(base, network=str(network))
    return LoadedRun(recorded, inputs, replace(named, seed=inputs.seed))
