"""How a scenario changes demand: more people come to a stop, fewer, or none.

Where demand is smaller a keyed draw for each person decides who stays at home (thinning); where it is larger,
people from random streams of their own are added (the sum of Poisson processes is a Poisson process). So the
people whom a change doesn't concern come at the same milliseconds as on the ordinary day.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulator.day.demand import Floats, Ints, Profile, arrivals
from simulator.day.disruptions.scenario_effects import RAIN_DEMAND, rain_demand_ratio
from simulator.randomness import random_numbers
from simulator.scenario.line_changes import LineChanges
from simulator.scenario.spans import WHOLE_DAY, Span
from simulator.types import StopId

People = tuple[Ints, Floats]
"""Arrival times (ms from the origin), ascending, and the draw that decides each person's destination."""
Steps = list[tuple[Span, float]]
"""Factors of demand, each with its span; spans don't overlap."""


@dataclass(frozen=True, slots=True)
class QueueDemand:
    """What a queue's arrivals are drawn from: its stop, the arrival rate, the hours in which people may come.

    `per_min` is people a minute at weight 1 of the profile, `share` the direction's share of a surge; `key`
    gives the random stream of a purpose.
    """

    stop_id: StopId
    per_min: float
    share: float
    opens_s: float
    closes_s: float
    key: Callable[[str], int]


def changed_demand(people: People, queue: QueueDemand, profile: Profile, changes: LineChanges) -> People:
    """The people of a queue under a scenario."""
    steps = steps_at(queue.stop_id, changes)
    parts = [_without(people, steps, queue.key("stay-at-home"))] if steps else [people]
    for span, factor in steps:
        if factor > 1:
            parts.append(_more(queue, profile, span, queue.per_min * (factor - 1)))
    for surge in changes.surges:
        if surge.stop_id == queue.stop_id:
            per_min = surge.people_per_min * queue.share
            until_s = min(surge.span.end_s, math.ceil(max(queue.closes_s, surge.span.start_s)))
            span = Span(surge.span.start_s, until_s)
            times, draws = steady(queue.key(f"surge/{surge.span.start_s}"), per_min, span)
            open_to = (times >= queue.opens_s * 1000) & (times < queue.closes_s * 1000)
            parts.append((times[open_to], draws[open_to]))
    if len(parts) == 1:
        return parts[0]
    times, draws = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(times, kind="stable")
    return times[order], draws[order]


def steps_at(stop_id: StopId, changes: LineChanges) -> Steps:
    """The factors of a stop's demand through the day, without spans in which it is 1."""
    factors = [(c.span, c.factor) for c in changes.demand if not c.stops or stop_id in c.stops]
    factors += [(closed.span, 0.0) for closed in changes.closed_stops if closed.stop_id == stop_id]
    if changes.rain is not None:
        factors.append((WHOLE_DAY, RAIN_DEMAND[changes.rain]))
    factors += [
        (w.span, rain_demand_ratio(changes.rain, w.weather.rain))
        for w in changes.weather_changes
        if w.weather.rain
    ]
    bounds = sorted({bound for span, _ in factors for bound in (span.start_s, span.end_s)})
    steps = [
        (Span(start, end), math.prod(factor for span, factor in factors if span.holds(start)))
        for start, end in itertools.pairwise(bounds)
    ]
    return [(span, factor) for span, factor in steps if factor != 1]


def steady(key: int, per_min: float, span: Span) -> People:
    """People who come at a constant rate through a span (a homogeneous Poisson process)."""
    seconds = np.array([0.0, float(span.end_s - span.start_s)])
    mean = per_min / 60 * seconds[1]
    draws = random_numbers.uniform([key], 2 * math.ceil(mean + 8 * math.sqrt(mean) + 16))[0]
    sums = np.cumsum(random_numbers.exponential(draws[::2].copy()))
    count = int(np.searchsorted(sums, mean))
    times_s = span.start_s + (sums[:count] / (per_min / 60) if per_min else sums[:0])
    return np.rint(times_s * 1000).astype(np.int64), draws[1 : 2 * count : 2]


def _without(people: People, steps: Steps, key: int) -> People:
    """The people who still come where a factor is less than 1."""
    times, draws = people
    chance = np.ones(len(times))
    for span, factor in steps:
        chance[(times >= span.start_s * 1000) & (times < span.end_s * 1000)] = min(factor, 1.0)
    comes = random_numbers.uniform([key], len(times))[0] < chance
    return times[comes], draws[comes]


def _more(queue: QueueDemand, profile: Profile, span: Span, per_min: float) -> People:
    """More people in a span, from a random stream of their own, at `per_min` times the profile."""
    opens_s, closes_s = max(span.start_s, queue.opens_s), min(span.end_s, queue.closes_s)
    if opens_s >= closes_s:
        return np.empty(0, np.int64), np.empty(0)
    key = queue.key(f"more/{span.start_s}")
    return arrivals(profile, [key], [per_min], [opens_s], [closes_s])[0]
