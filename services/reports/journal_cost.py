"""What a run's interventions have cost its passengers so far: the run against the same one without them.

The same numbers as `diff undisturbed journal`. Only line-days that the interventions change are simulated,
in a process of their own, so that the server that asks stays responsive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.errors import BadRequest, InputError
from services.inputs.load import Inputs
from services.interventions.stored_journal import applied, base_scenario
from services.reports.comparison import RunPerformance, measured
from services.reports.journal_comparison import service_days
from services.reports.service_comparison import MOST_LINES, line_comparisons
from services.transit.service_comparison import JournalCost
from simulator.day.line_day import line_day, revised_line_day
from simulator.day.line_day_processes import ProcessPool
from simulator.day.trajectory import Trajectory
from simulator.journal import Journal
from simulator.network import Line
from simulator.scenario.line_changes import NO_CHANGES, Revision
from simulator.types import to_ms


@dataclass(frozen=True, slots=True)
class DisturbedLineDay:
    """A line's service day: what is known of its changes without the interventions, and with them."""

    line: Line
    day: date
    without: Sequence[Revision]
    with_journal: Sequence[Revision]


def journal_cost(inputs: Inputs, journal: Journal, until: datetime) -> JournalCost:
    """Compare the service days since the first intervention, up to an instant.

    `inputs` are the run's without its journal. Raises `BadRequest` if the first was too long ago.
    """
    made = [each.takes_effect for each in journal.interventions]
    if not made or min(made) >= until:
        return JournalCost(until, (), ())
    try:
        days = service_days(min(made), until)
    except InputError as error:
        raise BadRequest(str(error)) from None
    found = disturbed_line_days(inputs, journal, days)
    lines = {each.line.line_id: each.line for each in found}
    most = max(1, MOST_LINES // len(days))
    kept, left_out = list(lines)[:most], list(lines)[most:]
    if not kept:
        return JournalCost(until, (), ())
    with ProcessPool(1) as pool:
        asked = [each for each in found if each.line.line_id in kept]
        a, b = pool.submit(simulated, asked, inputs.seed, to_ms(until)).result()
    return JournalCost(until, line_comparisons([lines[each] for each in kept], a, b), left_out)


def disturbed_line_days(inputs: Inputs, journal: Journal, days: Sequence[date]) -> list[DisturbedLineDay]:
    """The line-days that a journal changes."""
    network, disturbed = inputs.network, applied(journal, base_scenario(inputs, journal))
    found = []
    for line in network.lines:
        for day in days:
            without, with_journal = (
                () if scenario is None else scenario.revisions(line, day, network.lines_of_stop)
                for scenario in (inputs.scenario, disturbed)
            )
            if changes_of(without) != changes_of(with_journal):
                found.append(DisturbedLineDay(line, day, without, with_journal))
    return found


def changes_of(revisions: Sequence[Revision]) -> list[object]:
    """What revisions change, without those that change nothing."""
    return [each for each in revisions if each.changes != NO_CHANGES]


def simulated(
    asked: Sequence[DisturbedLineDay], seed: int, until_ms: int
) -> tuple[RunPerformance, RunPerformance]:
    """The performance of line-days up to an instant, without the interventions and with them."""
    without = [(each.day, [trajectory(each, each.without, seed)]) for each in asked]
    with_journal = [(each.day, [trajectory(each, each.with_journal, seed)]) for each in asked]
    return measured(without, until_ms), measured(with_journal, until_ms)


def trajectory(asked: DisturbedLineDay, revisions: Sequence[Revision], seed: int) -> Trajectory:
    """Simulate a line-day."""
    if len(revisions) > 1:
        return revised_line_day(asked.line, seed=seed, day=asked.day, revisions=revisions)
    changes = revisions[0].changes if revisions else NO_CHANGES
    return line_day(asked.line, seed=seed, day=asked.day, changes=changes)
