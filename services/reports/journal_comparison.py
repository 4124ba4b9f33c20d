"""A run with its journal against the same run without: what its interventions have cost so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from services.errors import InputError
from services.interventions.recorded_run import LoadedRun, RecordedRun, loaded_run
from services.interventions.stored_journal import applied
from services.reports.comparison import UNDISTURBED, ComparedRun, ComparedRuns
from simulator.journal import DAY_BEGINS
from simulator.progress import OnProgress
from simulator.service_day import MADRID

JOURNAL = "journal"
"""The name of a run with its interventions."""
MOST_DAYS = 7


@dataclass(frozen=True, slots=True)
class JournalComparison:
    """The two runs, and the moment up to which they are compared."""

    runs: ComparedRuns
    until: datetime


def compared_with_journal(
    a: str,
    b: str,
    recorded: RecordedRun,
    *,
    network: Path | None,
    seed: int | None,
    scenario: str | None,
    on_progress: OnProgress,
) -> JournalComparison:
    """Return the runs for A and B, one of which is `journal` and the other `undisturbed`.

    They are compared on the service days since the first intervention. Raises `InputError`.
    """
    if sorted((a, b)) != sorted((JOURNAL, UNDISTURBED)):
        raise InputError(
            f"'{JOURNAL}' is compared with '{UNDISTURBED}': the same run without its interventions"
        )
    made = [each.takes_effect for each in recorded.journal.interventions]
    if not made or recorded.reached is None or min(made) >= recorded.reached:
        raise InputError("no intervention has taken effect yet, so there is nothing to compare")
    loaded = loaded_run(recorded, network, seed, scenario, on_progress)
    days = service_days(min(made), recorded.reached)
    runs = {JOURNAL: disturbed_run(loaded, days), UNDISTURBED: run_without(loaded, days)}
    return JournalComparison((runs[a], runs[b]), recorded.reached)


def service_days(first: datetime, last: datetime) -> tuple[date, ...]:
    """The service days from one instant to another. Raises `InputError` for too many."""
    start, end = ((each.astimezone(MADRID) - DAY_BEGINS).date() for each in (first, last))
    count = (end - start).days + 1
    if count > MOST_DAYS:
        raise InputError(
            f"the first intervention was {count} service days ago; at most {MOST_DAYS} are compared: write "
            "the run with `journal --as-scenario -o FILE` and compare that"
        )
    return tuple(start + timedelta(days=number) for number in range(count))


def disturbed_run(loaded: LoadedRun, days: tuple[date, ...]) -> ComparedRun:
    """The run with its interventions."""
    scenario = applied(loaded.recorded.journal, loaded.base)
    return ComparedRun(JOURNAL, loaded.inputs.plain_network, loaded.inputs.seed, days, scenario)


def run_without(loaded: LoadedRun, days: tuple[date, ...]) -> ComparedRun:
    """The run without its interventions, but with its scenario."""
    inputs = loaded.inputs
    return ComparedRun(UNDISTURBED, inputs.plain_network, inputs.seed, days, inputs.scenario)
