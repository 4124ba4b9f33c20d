"""The present service day with a shipped scenario against the same day without it.

Only lines that the scenario changes are simulated, in a process of their own, so that the server that asks
stays responsive.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.errors import BadRequest
from services.inputs.load import Inputs
from services.inputs.scenario_library import find_scenario
from services.reports.comparison import Difference, Measure, RunPerformance, differences, measured
from services.transit.service_comparison import ComparedMeasure, LineComparison, ServiceComparison
from simulator.day.line_day import line_day
from simulator.day.line_day_processes import ProcessPool
from simulator.files.problems import InputFileError
from simulator.network import Line, Network
from simulator.scenario.extra_buses import extra_bus_id
from simulator.scenario.line_changes import NO_CHANGES, LineChanges
from simulator.scenario.scenario import Scenario
from simulator.scenario_files.loader import load_scenario
from simulator.types import LineId

MOST_LINES = 24
"""Lines that are simulated for one comparison, twice each: some four seconds of CPU."""
LONGEST_PROBLEM = 300
MEASURES = (
    Measure("people", "passengers arrived", "people"),
    Measure("waited_min", "time that people waited", "person-minutes"),
    Measure("wait_s", "mean wait", "s", 1),
    Measure("gave_up", "passengers who gave up", "people"),
    Measure("left_behind", "left behind by full buses", "people"),
    Measure("headway_cv", "headway CV", "", 3),
    Measure("greatest_load", "greatest load", "people"),
    Measure("load_factor", "load factor", "", 3),
    Measure("speed_kmh", "commercial speed", "km/h", 2),
    Measure("trips", "trips", "trips"),
)


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line as it is, and as it is with a scenario."""

    plain: Line
    changed: Line
    changes: LineChanges


def compared(inputs: Inputs, name: str, day: date) -> ServiceComparison:
    """Compare a day of a run's network with the same day under a shipped scenario. Raises `BadRequest`."""
    network = without_extra_buses(inputs)
    scenario = dataclasses.replace(scenario_for(name, network), first_day=day, last_day=day)
    lines = changed_lines(network, scenario, day)
    kept, left_out = lines[:MOST_LINES], [each.plain.line_id for each in lines[MOST_LINES:]]
    found: list[LineComparison] = []
    if kept:
        with ProcessPool(1) as pool:
            a, b = pool.submit(simulated, kept, inputs.seed, day).result()
        found = line_comparisons([each.plain for each in kept], a, b)
    return ServiceComparison(name, scenario.description, day, found, left_out)


def without_extra_buses(inputs: Inputs) -> Network:
    """The run's network without the extra buses of the run's own scenario."""
    network, scenario = inputs.network, inputs.scenario
    if scenario is None or not scenario.extra_buses:
        return network
    extra = {
        extra_bus_id(each.line_id, number)
        for each in scenario.extra_buses
        for number in range(1, len(network.line[each.line_id].buses) + 1)
    }
    lines = (
        dataclasses.replace(line, buses=tuple(bus for bus in line.buses if bus.bus_id not in extra))
        for line in network.lines
    )
    return dataclasses.replace(network, lines=tuple(lines))


def scenario_for(name: str, network: Network) -> Scenario:
    """A shipped scenario. Raises `BadRequest` if the network lacks what it names."""
    path = find_scenario(name)
    try:
        return load_scenario(path, lambda _named: network)
    except InputFileError as error:
        problem = str(error).replace(str(path), path.name)[:LONGEST_PROBLEM]
        raise BadRequest(f"The scenario '{name}' doesn't fit this network: {problem}") from None


def changed_lines(network: Network, scenario: Scenario, day: date) -> Sequence[ChangedLine]:
    """The lines whose service a scenario changes on a day."""
    with_buses = scenario.applied_to(network)
    lines = (
        ChangedLine(network.line[line.line_id], line, scenario.on(line, day, with_buses.lines_of_stop))
        for line in with_buses.lines
    )
    return [each for each in lines if each.changes != NO_CHANGES or each.changed != each.plain]


def simulated(lines: Sequence[ChangedLine], seed: int, day: date) -> tuple[RunPerformance, RunPerformance]:
    """The performance of lines on a day as they are, and with the scenario."""
    plain = [line_day(each.plain, seed=seed, day=day, changes=NO_CHANGES) for each in lines]
    changed = [line_day(each.changed, seed=seed, day=day, changes=each.changes) for each in lines]
    return measured([(day, plain)]), measured([(day, changed)])


def line_comparisons(lines: Sequence[Line], a: RunPerformance, b: RunPerformance) -> list[LineComparison]:
    """All lines together, then each of them, the one whose passengers wait longest because of it first."""
    whole = LineComparison(
        None, "all changed lines", _measures(differences(a.overall(), b.overall(), MEASURES))
    )

    def more_waiting(line_id: LineId) -> float:
        return b.of_line(line_id).waited_s - a.of_line(line_id).waited_s

    ordered = sorted(lines, key=lambda line: -more_waiting(line.line_id))
    found = [whole]
    for line in ordered:
        of_line = differences(a.of_line(line.line_id), b.of_line(line.line_id), MEASURES)
        found.append(LineComparison(line.line_id, line.name, _measures(of_line)))
    return found


def _measures(found: Sequence[Difference]) -> list[ComparedMeasure]:
    return [
        ComparedMeasure(
            each.measure.title,
            each.measure.unit,
            _rounded(each.a, each.measure),
            _rounded(each.b, each.measure),
        )
        for each in found
    ]


def _rounded(value: float | None, measure: Measure) -> float | None:
    return None if value is None else round(value, measure.decimals or None)
