"""The queues of a line-day: one for each direction and stop, with everybody who will come to it.

The whole day's arrivals are drawn before the first bus runs. People come whether or not a bus does, so no
arrival depends on the simulation, and one array operation draws those of many stops.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import NamedTuple

import numpy as np

from simulator.day import demand, travel
from simulator.day.demand import Ints
from simulator.day.disruptions.scenario_demand import QueueDemand, changed_demand
from simulator.day.passengers import PATIENCE_MS, Queue
from simulator.network import Line, Pattern, Service
from simulator.randomness.keys import random_key
from simulator.scenario.line_changes import LineChanges
from simulator.service_day import day_type, service_on, service_type, usual_service
from simulator.types import MINUTE_MS, DayType, StopId


class QueueId(NamedTuple):
    """The people at a stop who wait for one direction of the line, whichever of its patterns comes."""

    direction: int
    stop_id: StopId


@dataclass(frozen=True, slots=True)
class DemandInputs:
    """What arrivals depend on. `starts`, `ends`: the line-day's bounds, ms from the service day's origin.

    `hops[i]` are the hops of `line.patterns[i]`.
    """

    line: Line
    seed: int
    day: date
    changes: LineChanges
    starts: int
    ends: int
    hops: list[list[travel.Hop]]


def stop_queues(inputs: DemandInputs) -> dict[QueueId, Queue]:
    """A queue for each direction and stop of the line; empty ones on a day without service."""
    share = _shares(inputs.line)
    service = service_on(inputs.line, inputs.day)
    if service is None:
        return {queue_id: Queue([], np.empty(0)) for queue_id in share}
    offset_s = _offsets_s(inputs)
    queues = [_queue_demand(inputs, service, each, share[each], offset_s[each]) for each in share]
    weekday = usual_service(inputs.line, DayType.WEEKDAY) or service
    kind = service_type(inputs.line, inputs.day) or day_type(inputs.day)
    profile = demand.profile(
        inputs.day, kind, night=inputs.line.night, weekday_service=weekday, service=service
    )
    people = demand.arrivals(
        profile,
        [queue.key("arrivals") for queue in queues],
        [queue.per_min for queue in queues],
        [queue.opens_s for queue in queues],
        [queue.closes_s for queue in queues],
    )
    if inputs.changes.changes_demand:
        people = [
            changed_demand(planned, queue, profile, inputs.changes)
            for planned, queue in zip(people, queues, strict=True)
        ]
    return {
        queue_id: Queue(times.tolist(), draws) for queue_id, (times, draws) in zip(share, people, strict=True)
    }


def _queue_demand(
    inputs: DemandInputs, service: Service, queue_id: QueueId, share: float, offset_s: float
) -> QueueDemand:
    """A queue's rate and hours; the first bus reaches its stop `offset_s` after the first departure."""
    line = inputs.line
    # The last people to come must have given up before the line-day's last minute, which counts them.
    latest_s = (inputs.ends - PATIENCE_MS - 2 * MINUTE_MS) / 1000
    entity = f"{line.line_id}/{queue_id.direction}/{queue_id.stop_id}"
    return QueueDemand(
        stop_id=queue_id.stop_id,
        per_min=line.base_arrival_rate[queue_id.stop_id] * share,
        share=share,
        opens_s=max(inputs.starts / 1000, service.start_s + offset_s - demand.EARLY_S),
        closes_s=min(service.end_s + offset_s, latest_s),
        key=partial(random_key, inputs.seed, entity=entity, day=inputs.day.isoformat()),
    )


def _offsets_s(inputs: DemandInputs) -> dict[QueueId, float]:
    """Planned seconds from a departure to each stop, by the direction's first pattern that serves it."""
    result: dict[QueueId, float] = {}
    for pattern, hops in zip(inputs.line.patterns, inputs.hops, strict=True):
        if pattern.timings:
            ends_s = [0.0, *(hop.ends_s for hop in travel.planned_hops(pattern.stops, pattern.timings[0]))]
        else:
            ends_s = [travel.planned_trip_s(hops[:position], 1.0) for position in range(len(hops) + 1)]
        for position, stop in enumerate(pattern.stops):
            planned_s = ends_s[position]
            result.setdefault(QueueId(pattern.direction, stop.stop_id), planned_s)
    return result


def _shares(line: Line) -> dict[QueueId, float]:
    """Each queue's share of the people of its stop, sorted by queue.

    People split over the directions by the number of stops still ahead at which they may alight; nobody waits
    where a pattern ends, or where none lets people board.
    """
    ahead: dict[QueueId, int] = {}
    for pattern in line.patterns:
        for stop, destinations in zip(pattern.stops, destination_counts(pattern), strict=True):
            queue_id = QueueId(pattern.direction, stop.stop_id)
            ahead[queue_id] = max(ahead.get(queue_id, 0), destinations)
    total: dict[StopId, int] = {}
    for queue_id, count in ahead.items():
        total[queue_id.stop_id] = total.get(queue_id.stop_id, 0) + count
    return {
        queue_id: ahead[queue_id] / total[queue_id.stop_id] if total[queue_id.stop_id] else 0.0
        for queue_id in sorted(ahead)
    }


def destination_counts(pattern: Pattern) -> list[int]:
    """For each position how many destinations people have who board there; 0 where nobody may board."""
    counts = []
    ahead = 0
    for stop in reversed(pattern.stops):
        counts.append(ahead if stop.boarding else 0)
        ahead += stop.alighting
    return counts[::-1]


def alighting_positions(pattern: Pattern) -> Ints | None:
    """The positions at which people may alight, ascending; None if they may at every stop."""
    if all(stop.alighting for stop in pattern.stops):
        return None
    return np.array([i for i, stop in enumerate(pattern.stops) if stop.alighting], np.int64)


def pattern_queues(pattern: Pattern, queue_of: Mapping[QueueId, Queue]) -> list[Queue]:
    """For each position the people whom a bus takes there; an empty queue where nobody may board."""
    last = len(pattern.stops) - 1
    return [
        queue_of[QueueId(pattern.direction, stop.stop_id)] if count or i == last else Queue([], np.empty(0))
        for i, (stop, count) in enumerate(zip(pattern.stops, destination_counts(pattern), strict=True))
    ]
