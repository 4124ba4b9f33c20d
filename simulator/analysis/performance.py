"""The performance of a service, measured from line-days: exact, since nothing is sampled.

A `Performance` holds sums, so those of lines, hours and days can be added; its properties are the means and
ratios that people compare. An event counts in the interval in which it lies; a hop counts in the interval in
which the bus leaves the stop at its end, or goes past. Metres are along the route, without empty runs. People
who must alight from a broken bus and wait for the next are counted as coming again.

TCQSM: Transit Capacity and Quality of Service Manual, 3rd ed. (TCRP Report 165), 2013.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from simulator.day.trajectory import Bools, Floats, Ints, PassengerEvents, Trajectory
from simulator.types import HOUR_MS, SECOND_MS

LEAST_HEADWAYS = 4
"""The variation of fewer headways of a stop in an hour isn't computed."""


@dataclass(frozen=True, slots=True)
class Performance:
    """Sums over any line-days and an interval of each; `greatest_load` is a maximum.

    `people` came, `boardings` boarded, `gave_up` left without a bus; together they waited `waited_s` seconds
    in the interval. Of `visits` (passes included) `crowded` left somebody behind, `left_behind` people in
    all. In service buses ran `metres` in `running_s`, layovers excluded; with the people aboard that gives
    `passenger_m`, with their capacity `place_m`. `trips` departed. `headways` were evaluated: `variation`
    sums the coefficient of variation of each one's group, `spacing_s` their lengths, `uneven_s2` what uneven
    headways add to the waits of one person a second.
    """

    people: int = 0
    boardings: int = 0
    gave_up: int = 0
    waited_s: float = 0.0
    visits: int = 0
    crowded: int = 0
    left_behind: int = 0
    greatest_load: int = 0
    metres: float = 0.0
    passenger_m: float = 0.0
    place_m: float = 0.0
    running_s: float = 0.0
    trips: int = 0
    headways: int = 0
    variation: float = 0.0
    spacing_s: float = 0.0
    uneven_s2: float = 0.0

    def __add__(self, other: Performance) -> Performance:
        sums = {name: getattr(self, name) + getattr(other, name) for name in NAMES}
        sums["greatest_load"] = max(self.greatest_load, other.greatest_load)
        return Performance(**sums)

    @property
    def wait_s(self) -> float | None:
        """Mean wait of the people who came, seconds, by Little's law L = λW (1961), in any order of boarding.

        Over a whole line-day it is (Σ instants of boarding and giving up − Σ instants of arrival) ÷ people.
        In a shorter interval only the time that people wait within it counts.
        """
        return _ratio(self.waited_s, self.people)

    @property
    def waited_min(self) -> float:
        """Minutes that all people together waited."""
        return self.waited_s / 60

    @property
    def excess_wait_s(self) -> float | None:
        """What uneven headways add to the mean wait of people who come at random, seconds.

        E[h²]/2E[h] = E[h]/2 · (1 + CV²) (Osuna & Newell 1972) less the E[h]/2 of even ones.
        """
        return _ratio(self.uneven_s2, self.spacing_s)

    @property
    def headway_cv(self) -> float | None:
        """Coefficient of variation of headways: standard deviation ÷ mean (TCQSM, ch. 5, reliability).

        TCQSM takes deviations from scheduled headways; here the mean of a stop's hour stands for the
        schedule. Computed for each line, direction, stop and hour with at least four headways, then averaged
        with the number of headways as weight.
        """
        return _ratio(self.variation, self.headways)

    @property
    def mean_load(self) -> float | None:
        """Mean number of people aboard, weighted by metres."""
        return _ratio(self.passenger_m, self.metres)

    @property
    def load_factor(self) -> float | None:
        """Passenger-kilometres ÷ place-kilometres, standing places included (TCQSM, ch. 5, load)."""
        return _ratio(self.passenger_m, self.place_m)

    @property
    def crowded_share(self) -> float | None:
        """Share of visits at which passengers are left behind."""
        return _ratio(self.crowded, self.visits)

    @property
    def speed_kmh(self) -> float | None:
        """Commercial speed: from a trip's departure to its arrival, dwell included (TCQSM, ch. 6)."""
        return _ratio(3.6 * self.metres, self.running_s)

    @property
    def vehicle_km(self) -> float:
        """Kilometres in service."""
        return self.metres / 1000


NAMES = tuple(field.name for field in dataclasses.fields(Performance))


def total(parts: Iterable[Performance]) -> Performance:
    """The sum of some performances."""
    return reduce(add, parts, Performance())


def performance(day: Trajectory, edges: Sequence[int] | None = None) -> list[Performance]:
    """A line-day's performance in each interval [edges[i], edges[i + 1]), ms since the epoch, ascending.

    Without `edges` the only interval is the whole line-day.
    """
    bounds = np.array((day.starts, day.ends + 1) if edges is None else edges, np.int64)
    columns = {**_waiting(day, bounds), **_running(day, bounds), **_headways(day, bounds)}
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [Performance(**dict(zip(columns, row, strict=True))) for row in rows]


def _waiting(day: Trajectory, bounds: Ints) -> dict[str, Ints | Floats]:
    """People who came, boarded and gave up in each interval, and the time that they waited."""
    came, boarded, left = (_until(crowd, bounds) for crowd in (day.arrived, day.boarded, day.left))
    people, boardings, gave_up = (np.diff(count) for count, _ in (came, boarded, left))
    return {
        "people": people,
        "boardings": boardings,
        "gave_up": gave_up,
        "waited_s": np.diff(came[1] - boarded[1] - left[1]) / SECOND_MS,
    }


def _until(crowd: PassengerEvents, bounds: Ints) -> tuple[Ints, Ints]:
    """Before each bound: the number of people, and the sum of the ms from each one's event to the bound."""
    number = np.concatenate([[0], np.cumsum(crowd.people)])
    instants = np.concatenate([[0], np.cumsum(crowd.people * crowd.ms)])
    place = np.searchsorted(crowd.ms, bounds, side="left")
    return number[place], number[place] * bounds - instants[place]


def _running(day: Trajectory, bounds: Ints) -> dict[str, Ints | Floats]:
    """Visits, loads, metres and running times in each interval."""
    legs, (goes_on, came) = day.legs, _on_trip(day)
    visit = legs.sequence > 0
    stretch = np.searchsorted(bounds, legs.leaves, side="right")
    size = len(bounds) + 1

    def summed(chosen: Bools, values: Ints | Floats) -> Floats:
        return np.bincount(stretch[chosen], values[chosen], size)[1:-1].astype(np.float64)

    def counted(chosen: Bools, values: Ints) -> Ints:
        return summed(chosen, values).astype(np.int64)

    one = np.ones(len(visit), np.int64)
    metres = legs.to_m - legs.from_m
    greatest = np.zeros(size, np.int64)
    np.maximum.at(greatest, stretch[came], legs.load[came])
    until = np.where(goes_on, legs.leaves, legs.stops)
    return {
        "visits": counted(visit, one),
        "crowded": counted(visit & (legs.left_behind > 0), one),
        "left_behind": counted(visit, legs.left_behind),
        "greatest_load": greatest[1:-1],
        "metres": summed(came, metres),
        "passenger_m": summed(came, metres * legs.load),
        "place_m": summed(came, metres * np.array(day.capacities)[legs.bus]),
        "running_s": summed(came, (until - legs.begins) / SECOND_MS),
        "trips": counted(goes_on & ~came, one),
    }


def _on_trip(day: Trajectory) -> tuple[Bools, Bools]:
    """For each leg: whether its trip continues after it, and whether its trip began before it.

    A trip's first leg is its stand at the first stop, its last the hop to the last stop, wherever in the
    pattern these stops are.
    """
    trip, bus = day.legs.trip, day.legs.bus
    same = np.zeros(len(trip) + 1, np.bool_)
    same[1:-1] = (trip[1:] == trip[:-1]) & (bus[1:] == bus[:-1]) & (trip[1:] >= 0)
    return same[1:], same[:-1]


def _headways(day: Trajectory, bounds: Ints) -> dict[str, Ints | Floats]:
    """The variation of headways that end in each interval, at stops at which people can board."""
    legs, size = day.legs, len(bounds) + 1
    calls = np.flatnonzero(_on_trip(day)[0])
    place = legs.direction[calls] * len(day.stops) + legs.stop[calls]
    order = np.lexsort((legs.leaves[calls], place))
    at, place = legs.leaves[calls][order], place[order]
    follows = np.flatnonzero(place[1:] == place[:-1]) + 1
    gap_s = (at[follows] - at[follows - 1]) / SECOND_MS
    stretch = np.searchsorted(bounds, at[follows], side="right")
    hour = at[follows] // HOUR_MS - day.starts // HOUR_MS
    hours = int(hour.max(initial=0)) + 1
    # A cell is (direction, stop, hour, interval): headways are compared within one.
    _, first, cell = np.unique(
        (place[follows] * hours + hour) * size + stretch, return_index=True, return_inverse=True
    )
    number = np.bincount(cell, minlength=len(first))
    sums, squares = (np.bincount(cell, weights, len(first)) for weights in (gap_s, gap_s * gap_s))
    judged = (number >= LEAST_HEADWAYS) & (sums > 0)
    number, sums, squares, owner = number[judged], sums[judged], squares[judged], stretch[first][judged]
    uneven = np.maximum(squares - sums * sums / number, 0.0)
    deviation = np.sqrt(uneven / number)

    def summed(values: Ints | Floats) -> Floats:
        return np.bincount(owner, values, size)[1:-1].astype(np.float64)

    return {
        "headways": summed(number).astype(np.int64),
        "variation": summed(number * deviation / (sums / number)),
        "spacing_s": summed(sums),
        "uneven_s2": summed(uneven / 2),
    }


def _ratio(above: float, below: float) -> float | None:
    """The ratio; None for a denominator of 0."""
    return above / below if below else None
