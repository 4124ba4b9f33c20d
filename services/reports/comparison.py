"""Two runs side by side: what each was like, hour by hour and line by line, and the differences.

A run is the service days of a scenario, or one ordinary service day. It is simulated here, not read from a
store, and measured day by day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from services.errors import InputError
from services.inputs.load import DEFAULT_SEED, load_network, load_scenario, processes_for
from services.times import YEARS
from simulator.analysis.performance import Performance, performance, total
from simulator.city import City
from simulator.scenario import Scenario
from simulator.service_day import origin_ms
from simulator.types import HOUR_MS, LineId

if TYPE_CHECKING:
    from simulator.day.trajectory import Trajectory
    from simulator.network import Network

UNDISTURBED = "undisturbed"
"""Stands for the other run's days without what its scenario changes."""
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
HOURS = range(72)
"""Hours of a service day, from its origin; nothing of it lasts longer."""


@dataclass(frozen=True, slots=True)
class Service:
    """What ran: the lines of a network on some service days, as `scenario` changes them.

    `network` is without the scenario's extra buses.
    """

    name: str
    network: Network
    seed: int
    days: tuple[date, ...]
    scenario: Scenario | None = None

    def city(self, jobs: int | None) -> City:
        """The model, with `jobs` processes (None: as many as are worth it)."""
        network = self.network if self.scenario is None else self.scenario.applied_to(self.network)
        return City(network, seed=self.seed, jobs=jobs or processes_for(network), scenario=self.scenario)


@dataclass(frozen=True, slots=True)
class Measured:
    """A run's performance by line, and hour of the service day."""

    by_line: Mapping[LineId, tuple[Performance, ...]]

    def of_line(self, line_id: LineId, hours: Sequence[int] = HOURS) -> Performance:
        """A line in some hours; nothing for a line that the run hasn't."""
        return (
            total(self.by_line[line_id][hour] for hour in hours) if line_id in self.by_line else Performance()
        )

    def overall(self, hours: Sequence[int] = HOURS) -> Performance:
        """All lines in some hours."""
        return total(parts[hour] for parts in self.by_line.values() for hour in hours)


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of `Performance` by its name there, what people call it, its unit, its decimals."""

    key: str
    title: str
    unit: str = ""
    decimals: int = 0

    def of(self, measured: Performance) -> float | None:
        """The number; None where there is nothing to measure."""
        value: float | None = getattr(measured, self.key)
        return value


MEASURES = (
    Measure("people", "people who came"),
    Measure("boardings", "boardings"),
    Measure("gave_up", "people who gave up"),
    Measure("wait_s", "mean wait", "s", 1),
    Measure("excess_wait_s", "of it by uneven headways", "s", 1),
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


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure in both runs; None where there is nothing to compare."""

    measure: Measure
    a: float | None
    b: float | None

    @property
    def difference(self) -> float | None:
        """How much more B has."""
        return None if self.a is None or self.b is None else self.b - self.a

    @property
    def percent(self) -> float | None:
        """How much more of A's."""
        return 100 * self.difference / self.a if self.difference is not None and self.a else None


def differences(a: Performance, b: Performance) -> list[Difference]:
    """Every measure in both."""
    return [Difference(measure, measure.of(a), measure.of(b)) for measure in MEASURES]


def differing(a: Measured, b: Measured, hours: Sequence[int] = HOURS) -> list[LineId]:
    """The lines that weren't the same in both."""
    lines = dict.fromkeys((*a.by_line, *b.by_line))
    return [line_id for line_id in lines if a.of_line(line_id, hours) != b.of_line(line_id, hours)]


def pair(a: str, b: str, *, network: Path | None, seed: int | None) -> tuple[Service, Service]:
    """The two runs that are meant: scenarios by name or file, dates, or `undisturbed` for the other's days.

    `network` and `seed` count for both. Where they are None scenarios have their own, and a date has those of
    the scenario that it is compared with, else the defaults. Raises `InputError` for what is none of these.
    """
    if a == b == UNDISTURBED:
        raise InputError(f"one of the two must say which days: a scenario or a date, not '{UNDISTURBED}'")
    days = {text: (parsed_date(text),) for text in (a, b) if DATE.fullmatch(text)}
    found = {
        text: _loaded(text, network, seed) for text in (a, b) if text != UNDISTURBED and text not in days
    }
    if found:
        model = undisturbed(next(iter(found.values())))
    else:
        model = Service(UNDISTURBED, load_network(network), DEFAULT_SEED if seed is None else seed, ())
    found |= {text: replace(model, name=text, days=day) for text, day in days.items()}
    other = next(iter(found.values()))
    first, second = (found[text] if text in found else undisturbed(other) for text in (a, b))
    return first, second


def _loaded(text: str, network: Path | None, seed: int | None) -> Service:
    scenario, plain = load_scenario(text, network)
    return of_scenario(scenario, plain, scenario.seed if seed is None else seed)


def of_scenario(scenario: Scenario, network: Network, seed: int) -> Service:
    """A scenario on its days; `network` is without its extra buses."""
    count = (scenario.last_day - scenario.first_day).days + 1
    days = tuple(scenario.first_day + timedelta(days=number) for number in range(count))
    return Service(scenario.name, network, seed, days, scenario)


def undisturbed(other: Service) -> Service:
    """The same days, network and seed without what a scenario changes."""
    return replace(other, name=UNDISTURBED, scenario=None)


def parsed_date(text: str) -> date:
    """A service day. Raises `InputError` for none that the model's calendar has."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"'{text}' is no date: {error}") from None
    if day.year not in YEARS:
        raise InputError(f"'{text}' is not in the years {YEARS[0]} to {YEARS[-1]}")
    return day


def line_days(service: Service, jobs: int | None = None) -> Iterator[tuple[date, Sequence[Trajectory]]]:
    """A run's line-days, day by day; each day's in the order of the network's lines."""
    with closing(service.city(jobs)) as city:
        for day in service.days:
            yield day, city.days(day, day)


def measured(days: Iterable[tuple[date, Sequence[Trajectory]]]) -> Measured:
    """What these line-days were like."""
    by_line: dict[LineId, list[Performance]] = {}
    for day, trajectories in days:
        origin = origin_ms(day)
        # What happens before the origin, like doors that open for a departure at 00:00, is the first hour's.
        edges = [origin - HOUR_MS, *(origin + hour * HOUR_MS for hour in (*HOURS[1:], len(HOURS)))]
        for trajectory in trajectories:
            hours = performance(trajectory, edges)
            so_far = by_line.get(trajectory.line_id)
            added = hours if so_far is None else [total(pair) for pair in zip(so_far, hours, strict=True)]
            by_line[trajectory.line_id] = added
    return Measured({line_id: tuple(hours) for line_id, hours in by_line.items()})
