"""Compare two runs: the performance of each by hour and line, and the differences.

A run here is the service days of a scenario, or one service day without a scenario. It is simulated, not read
from a store, and measured day by day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from services.errors import InputError
from services.inputs.load import DEFAULT_SEED, load_network, load_scenario, processes_for
from services.times import YEARS
from simulator.analysis.performance import Performance, performance, total
from simulator.city import City
from simulator.progress import OnProgress, ignore_progress
from simulator.scenario.scenario import Scenario
from simulator.service_day import origin_ms
from simulator.types import HOUR_MS, LineId

if TYPE_CHECKING:
    from simulator.day.trajectory import Trajectory
    from simulator.network import Network

UNDISTURBED = "undisturbed"
"""The name of a run of the other run's days without its scenario."""
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
HOURS = range(72)
"""The hours of a service day from its origin; no trip of the day ends later."""


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """The inputs of a run: a network, a seed, service days, and the scenario that changes them.

    `network` is without the scenario's extra buses.
    """

    name: str
    network: Network
    seed: int
    days: tuple[date, ...]
    scenario: Scenario | None = None

    def city(self, jobs: int | None, on_progress: OnProgress = ignore_progress) -> City:
        """Return the model, with `jobs` processes (None: as many as pay off)."""
        network = self.network if self.scenario is None else self.scenario.applied_to(self.network)
        return City(
            network,
            seed=self.seed,
            jobs=jobs or processes_for(network),
            scenario=self.scenario,
            on_progress=on_progress,
        )


@dataclass(frozen=True, slots=True)
class RunPerformance:
    """The performance of a run by line and hour of the service day."""

    by_line: Mapping[LineId, tuple[Performance, ...]]

    def of_line(self, line_id: LineId, hours: Sequence[int] = HOURS) -> Performance:
        """Total of a line over some hours; an empty one for a line that the run doesn't have."""
        return (
            total(self.by_line[line_id][hour] for hour in hours) if line_id in self.by_line else Performance()
        )

    def overall(self, hours: Sequence[int] = HOURS) -> Performance:
        """Total of all lines over some hours."""
        return total(parts[hour] for parts in self.by_line.values() for hour in hours)


@dataclass(frozen=True, slots=True)
class Measure:
    """An attribute of `Performance` (`key`), with title, unit and decimals for people."""

    key: str
    title: str
    unit: str = ""
    decimals: int = 0

    def of(self, measured: Performance) -> float | None:
        """Return the value; None if nothing was measured."""
        value: float | None = getattr(measured, self.key)
        return value


ComparedRuns: TypeAlias = tuple[ComparedRun, ComparedRun]
Performances: TypeAlias = tuple[RunPerformance, RunPerformance]
"""The runs A and B, and their performance."""

MEASURES = (
    Measure("people", "passengers arrived"),
    Measure("boardings", "boardings"),
    Measure("gave_up", "passengers who gave up"),
    Measure("wait_s", "mean wait", "s", 1),
    Measure("excess_wait_s", "of that by uneven headways", "s", 1),
    Measure("headway_cv", "headway CV", "", 3),
    Measure("mean_load", "mean load", "people", 1),
    Measure("greatest_load", "greatest load", "people"),
    Measure("load_factor", "load factor", "", 3),
    Measure("left_behind", "left behind", "people"),
    Measure("crowded_share", "visits that leave people behind", "", 4),
    Measure("speed_kmh", "commercial speed", "km/h", 2),
    Measure("trips", "trips"),
    Measure("vehicle_km", "vehicle-km"),
)

COST = (Measure("waited_min", "time waited", "person-minutes"), *MEASURES)
"""What interventions have cost so far: first in one number."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure in both runs; None where a run has no value."""

    measure: Measure
    a: float | None
    b: float | None

    @property
    def difference(self) -> float | None:
        """B minus A."""
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def percent(self) -> float | None:
        """The difference in percent of A."""
        return 100 * self.difference / self.a if self.difference is not None and self.a else None


def differences(a: Performance, b: Performance, measures: Sequence[Measure] = MEASURES) -> list[Difference]:
    """Return every measure in both runs."""
    return [Difference(measure, measure.of(a), measure.of(b)) for measure in measures]


def differing(a: RunPerformance, b: RunPerformance, hours: Sequence[int] = HOURS) -> list[LineId]:
    """Return the lines whose performance differs."""
    lines = dict.fromkeys((*a.by_line, *b.by_line))
    return [line_id for line_id in lines if a.of_line(line_id, hours) != b.of_line(line_id, hours)]


def compared_runs(
    a: str, b: str, *, network: Path | None, seed: int | None, on_progress: OnProgress = ignore_progress
) -> ComparedRuns:
    """Return the runs for A and B: a scenario's name or file, a date, or `undisturbed` for the other's days.

    `network` and `seed` count for both runs. If None, a scenario has its own, and a date those of the
    scenario that it is compared with, else the defaults. Raises `InputError` for other texts.
    """
    if a == b == UNDISTURBED:
        raise InputError(f"one of the two must give the days, as a scenario or a date, not '{UNDISTURBED}'")
    days = {text: (parsed_date(text),) for text in (a, b) if DATE.fullmatch(text)}
    found = {
        text: _loaded(text, network, seed, on_progress)
        for text in (a, b)
        if text != UNDISTURBED and text not in days
    }
    if found:
        model = undisturbed(next(iter(found.values())))
    else:
        plain = load_network(network, on_progress)
        model = ComparedRun(UNDISTURBED, plain, DEFAULT_SEED if seed is None else seed, ())
    found |= {text: replace(model, name=text, days=day) for text, day in days.items()}
    other = next(iter(found.values()))
    first, second = (found[text] if text in found else undisturbed(other) for text in (a, b))
    return first, second


def _loaded(text: str, network: Path | None, seed: int | None, on_progress: OnProgress) -> ComparedRun:
    scenario, plain = load_scenario(text, network, on_progress)
    return of_scenario(scenario, plain, scenario.seed if seed is None else seed)


def of_scenario(scenario: Scenario, network: Network, seed: int) -> ComparedRun:
    """Return the run of a scenario on its days; `network` is without its extra buses."""
    count = (scenario.last_day - scenario.first_day).days + 1
    days = tuple(scenario.first_day + timedelta(days=number) for number in range(count))
    return ComparedRun(scenario.name, network, seed, days, scenario)


def undisturbed(other: ComparedRun) -> ComparedRun:
    """Return the run of the same days, network and seed without a scenario."""
    return replace(other, name=UNDISTURBED, scenario=None)


def parsed_date(text: str) -> date:
    """Parse a service day. Raises `InputError`, also for years outside the model's calendar."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"'{text}' is not a date: {error}") from None
    if day.year not in YEARS:
        raise InputError(f"'{text}' is not in the years {YEARS[0]} to {YEARS[-1]}")
    return day


def line_days(
    service: ComparedRun, jobs: int | None = None, on_progress: OnProgress = ignore_progress
) -> Iterator[tuple[date, Sequence[Trajectory]]]:
    """Simulate a run day by day; yield each day with its trajectories in the order of the network's lines."""
    with closing(service.city(jobs, on_progress)) as city:
        for day in service.days:
            yield day, city.days(day, day)


def measured(
    days: Iterable[tuple[date, Sequence[Trajectory]]], until_ms: int | None = None
) -> RunPerformance:
    """Total the performance of these line-days by line and hour, up to an instant if one is given."""
    by_line: dict[LineId, list[Performance]] = {}
    for day, trajectories in days:
        origin = origin_ms(day)
        # The first hour includes events before the origin, such as doors opening for a departure at 00:00.
        edges = [origin - HOUR_MS, *(origin + hour * HOUR_MS for hour in (*HOURS[1:], len(HOURS)))]
        if until_ms is not None:
            edges = [min(edge, until_ms) for edge in edges]
        for trajectory in trajectories:
            hours = performance(trajectory, edges)
            so_far = by_line.get(trajectory.line_id)
            added = hours if so_far is None else [total(pair) for pair in zip(so_far, hours, strict=True)]
            by_line[trajectory.line_id] = added
    return RunPerformance({line_id: tuple(hours) for line_id, hours in by_line.items()})
