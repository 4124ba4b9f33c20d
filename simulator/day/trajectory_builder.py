"""The columns of a `Trajectory` from a line-day that has run: the buses' rows and the people at the stops."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simulator.day import cabin_co2
from simulator.day.bus import LONGEST_LAYOVER_MS, BusDay
from simulator.day.bus_legs import HALT, HOP, LEG_COLUMNS, PARK, SECTION_COLUMNS, STAND, Shift
from simulator.day.disruptions.past import GaveUp, Past, Serving, Standing, Target
from simulator.day.line_state import LineState
from simulator.day.passengers import PATIENCE_MS, Queue
from simulator.day.trajectory import Bools, Floats, InService, Ints, Legs, PassengerEvents, Trajectory
from simulator.types import MINUTE_MS, StopId

LATEST_MS = 1 << 44
"""Later than any instant (the year 2527)."""


def assemble(day: LineState, buses: Sequence[BusDay]) -> Trajectory:
    """The columns of `day`, whose `buses` are all home."""
    stops = tuple(sorted(day.line.stop_ids))
    stop_index = {stop_id: i for i, stop_id in enumerate(stops)}
    legs = _legs(day, buses, stop_index)
    arrived = _one_by_one(
        day, [(stop_index[queue_id.stop_id], queue.times) for queue_id, queue in day.queue_of.items()]
    )
    gave_up = [
        (stop_index[queue_id.stop_id], _give_up(queue, day)) for queue_id, queue in day.queue_of.items()
    ]
    boarded, left = _boarded(legs), _one_by_one(day, gave_up)
    _count_waiting(legs, arrived, boarded, left)
    shifts = _service(day, buses)
    return Trajectory(
        line_id=day.line.line_id,
        starts=day.starts + day.origin,
        ends=day.ends + day.origin,
        buses=tuple(bus.bus_id for bus in day.line.buses),
        capacities=tuple(bus.capacity for bus in day.line.buses),
        stops=stops,
        trips=tuple(day.trips),
        paths=tuple(day.paths),
        legs=legs,
        arrived=arrived,
        boarded=boarded,
        left=left,
        service=shifts,
    )


def _service(day: LineState, buses: Sequence[BusDay]) -> tuple[InService, ...]:
    """The buses' first shifts, their second ones and so on; see `Trajectory.service`."""
    shifts = [_shifts(day, bus) for bus in buses]
    found = []
    for number in range(max([1, *map(len, shifts)])):
        of_bus = [own[number] if number < len(own) else (day.ends, day.ends) for own in shifts]
        bounds = np.array(of_bus, np.int64) + day.origin
        found.append(InService(bounds[:, 0], bounds[:, 1]))
    return tuple(found)


def _shifts(day: LineState, bus: BusDay) -> list[Shift]:
    """A bus's shifts, so that those begun before earlier revisions don't change before these."""
    shifts = list(bus.shifts)
    for known, ended in day.past.serving.get(bus.bus.bus_id, ()):
        index = max(i for i, shift in enumerate(shifts) if shift.begins < known)
        shift = shifts[index]
        if ended is None:
            shifts[index] = shift._replace(ends=max(shift.ends, known))
        elif shift.ends > ended:
            # It seemed to have ended its service, but then a trip was found for it.
            again = next(stand.left for stand in bus.stands if stand.left >= known)
            shifts[index : index + 1] = [Shift(shift.begins, ended), Shift(again, shift.ends)]
    return shifts


def known_past(day: LineState, buses: Sequence[BusDay], until: int) -> Past:
    """What a line-day that has run fixes until an instant (ms from the service day's origin)."""
    before = day.past
    trips, targets, serving = dict(before.trips), dict(before.targets), dict(before.serving)
    for bus in buses:
        own = bus.bus.bus_id
        for stand in bus.stands:
            if stand.shown < until <= stand.left:
                trips[Standing(own, stand.since)] = day.trip_number(stand.trip)
        for halt in bus.halts:
            if halt.since < until <= halt.until:
                standing = Standing(own, halt.since)
                targets[standing] = (*targets.get(standing, ()), Target(until, halt.target))
        begun = [shift for shift in _shifts(day, bus) if shift.begins < until]
        if begun:
            ended = begun[-1].ends if begun[-1].ends < until else None
            serving[own] = (*serving.get(own, ()), Serving(until, ended))
    gave_up = [
        GaveUp(until, queue_id, tuple(sorted(each for each in _tail(queue, day) if each < until)))
        for queue_id, queue in day.queue_of.items()
    ]
    gave_up = [each for each in gave_up if each.instants]
    return Past(until, trips, targets, serving, (*before.gave_up, *gave_up))


class _Rows(NamedTuple):
    """The rows of all buses: columns by name, cruise speeds, the bus of each row, each bus's first row."""

    column: dict[str, Ints]
    speed: Floats
    bus: Ints
    first: Ints


def _rows(buses: Sequence[BusDay]) -> _Rows:
    """The buses' rows as columns, one bus after the other."""
    counts = [len(bus.speeds) for bus in buses]
    legs = np.concatenate([np.frombuffer(bus.legs, np.int64) for bus in buses])
    column = dict(zip(LEG_COLUMNS, legs.reshape(-1, len(LEG_COLUMNS)).T.copy(), strict=True))
    sections = np.concatenate([np.frombuffer(bus.sections, np.int64) for bus in buses])
    *of_sections, length = sections.reshape(-1, len(SECTION_COLUMNS)).T
    column |= {
        name: np.repeat(values, length) for name, values in zip(SECTION_COLUMNS, of_sections, strict=False)
    }
    # Within a section each leg leads to the position after that of the leg before.
    first_legs = np.cumsum(length) - length
    column["position"] += np.arange(len(column["position"])) - np.repeat(first_legs, length)
    return _Rows(
        column=column,
        speed=np.concatenate([np.frombuffer(bus.speeds) for bus in buses]),
        bus=np.repeat(np.arange(len(counts)), counts),
        first=np.cumsum([0, *counts[:-1]]),
    )


def _legs(day: LineState, buses: Sequence[BusDay], stop_index: dict[StopId, int]) -> Legs:
    """The buses' legs.

    A row says when its leg ended and what happened then. What held during the leg (when it began, who was
    aboard, at what speed it began) follows from the row before it, of the same bus.
    """
    column, speed, bus, first = _rows(buses)
    # A leg begins where the last one ended; each bus's first leg begins with the line-day.
    begins = _previous(column["leaves"], first, day.starts)
    doors = column["opens"] < column["leaves"]
    hop, park, halt = (column["kind"] == kind for kind in (HOP, PARK, HALT))
    empty = column["path"] >= len(day.line.patterns)
    load = _load(column)
    stop, direction, from_m, to_m = _ends(day, stop_index, column)
    # After a stop a hop starts from rest; after a pass it starts at the speed of the hop before it.
    passed = _previous((column["brakes"] == column["leaves"]).astype(np.int64), first, 0).astype(bool)
    times = {name: column[name] + day.origin for name in ("changed", "brakes", "stops", "opens", "leaves")}
    return Legs(
        bus=bus,
        begins=begins + day.origin,
        **times,
        idle_until=_idle_until(column, begins, first, empty) + day.origin,
        path=column["path"],
        stop=stop,
        direction=direction,
        trip=column["trip"],
        sequence=np.where(park | halt, 0, column["position"] + 1),
        load=load,
        boarding=column["boarding"],
        alighting=column["alighting"],
        left_behind=column["left_behind"],
        waiting=np.zeros(len(bus), np.int64),
        from_m=np.where(hop, from_m, np.where(empty, 0.0, to_m)),
        to_m=to_m,
        v_in=np.where(hop & passed, np.roll(speed, 1), 0.0),
        speed=speed,
        excess=_excess(day, load, bus, column["opens"] - begins, column["leaves"] - column["opens"], first),
        doors=doors,
    )


def _load(column: dict[str, Ints]) -> Ints:
    """The people aboard during each leg: those whom all rows before it left aboard.

    Buses come home empty, so the sum runs on from bus to bus without being reset.
    """
    change = column["boarding"] - column["alighting"]
    aboard: Ints = np.cumsum(change) - change
    return aboard


def _idle_until(column: dict[str, Ints], begins: Ints, first: Ints, empty: Bools) -> Ints:
    """When each row begins to belong to its trip; see `Legs.idle_until`.

    That is: after an empty run, at its end; at a terminal, when the layover left is no longer than
    `LONGEST_LAYOVER_MS`; for a bus's first row, when its doors open; parked or broken down, never.
    """
    kind = column["kind"]
    idle = np.where(empty, column["stops"], begins)
    stand = kind == STAND
    idle[stand] = np.maximum(idle, column["opens"] - LONGEST_LAYOVER_MS)[stand]
    # These two come last, since they apply to every kind of row.
    idle[first] = column["opens"][first]
    parked = (kind == PARK) | (kind == HALT)
    idle[parked] = column["leaves"][parked]
    return idle


def _previous(values: Ints, first: Ints, initial: int) -> Ints:
    """Each row's predecessor, `initial` for the first row of each bus."""
    result = np.roll(values, 1)
    result[first] = initial
    return result


class _Ends(NamedTuple):
    """For each row the stop to which it leads and its direction, and the metres of both its ends."""

    stop: Ints
    direction: Ints
    from_m: Floats
    to_m: Floats


def _ends(day: LineState, stop_index: dict[StopId, int], column: dict[str, Ints]) -> _Ends:
    """The ends of the rows, metres along the pattern or, on an empty run, along its own path."""
    patterns = day.line.patterns
    # The patterns' stops lie one after the other in flat arrays; `flat` is each row's stop in them.
    offsets = np.cumsum([0, *(len(pattern.stops) for pattern in patterns[:-1])])
    flat = offsets[column["pattern"]] + column["position"]
    stop = np.array([stop_index[s.stop_id] for p in patterns for s in p.stops])[flat]
    metres = np.array([s.distance_m for p in patterns for s in p.stops])
    direction = np.array([p.direction for p in patterns])[column["pattern"]]
    length = np.array([path.mm[-1] / 1000 for path in day.paths])[column["path"]]
    is_empty = column["path"] >= len(patterns)
    return _Ends(stop, direction, metres[np.maximum(flat - 1, 0)], np.where(is_empty, length, metres[flat]))


def _excess(day: LineState, load: Ints, bus: Ints, shut_ms: Ints, open_ms: Ints, first: Ints) -> Floats:
    """The cabin's CO2 above outdoors at the start of each row, ppm."""
    per_person = np.array([cabin_co2.source_ppm_per_s(b.capacity) for b in day.line.buses])
    factor, added = cabin_co2.coefficients(shut_ms / 1000, open_ms / 1000, load * per_person[bus])
    # Each leg maps the excess at its start to that at its end by a·x + b, so only the chain of these maps
    # runs in Python, a bus at a time; the coefficients are computed for all legs at once.
    bounds = [*first.tolist(), len(bus)]
    by_bus = [
        cabin_co2.excess_by_leg(factor[a:b].tolist(), added[a:b].tolist())
        for a, b in itertools.pairwise(bounds)
    ]
    return np.concatenate([np.array(excess) for excess in by_bus])


def _give_up(queue: Queue, day: LineState) -> list[int]:
    """When people left a queue without a bus."""
    return queue.gave_up + _tail(queue, day)


def _tail(queue: Queue, day: LineState) -> list[int]:
    """When people who never got a bus give up: before the line-day's last minute, which counts them.

    Those who until the last revision would have got one notice only then that none comes.
    """
    latest, known = day.ends - 2 * MINUTE_MS, day.past.until
    left = queue.times[queue.boarded :]
    found = [min(max(time, queue.last_bus) + PATIENCE_MS, latest) for time in left]
    return [each if each >= known else max(min(known + PATIENCE_MS, latest), known) for each in found]


def _one_by_one(day: LineState, queues: list[tuple[int, list[int]]]) -> PassengerEvents:
    """Events of one person each, by time; `queues` are (stop, ms from the service day's origin)."""
    stop = np.repeat([stop for stop, _ in queues], [len(times) for _, times in queues])
    ms = np.array([time for _, times in queues for time in times], np.int64) + day.origin
    order = np.lexsort((stop, ms))
    return PassengerEvents(stop[order], ms[order], np.ones(len(order), np.int64))


def _boarded(legs: Legs) -> PassengerEvents:
    """The boardings, by time."""
    index = np.flatnonzero(legs.boarding)
    index = index[np.lexsort((legs.stop[index], legs.leaves[index]))]
    return PassengerEvents(legs.stop[index], legs.leaves[index], legs.boarding[index])


def _count_waiting(
    legs: Legs, arrived: PassengerEvents, boarded: PassengerEvents, left: PassengerEvents
) -> None:
    """Fill in `legs.waiting`: people at each visit's stop after everything that happens at its instant."""
    # Not taken from the queues while buses run: a queue knows the people of one direction, and a bus only
    # what has happened before it in SimPy's order, not what else happens in the same millisecond.
    visits = np.flatnonzero(legs.sequence)
    stop, at = legs.stop[visits], legs.leaves[visits]
    came, got_in, gave_up = (_so_far(events, stop, at) for events in (arrived, boarded, left))
    legs.waiting[visits] = came - got_in - gave_up


def _so_far(events: PassengerEvents, stop: Ints, at: Ints) -> Ints:
    """How many people the events at each stop concern up to each instant, inclusive."""
    # One sorted key of (stop, instant) answers all visits by two binary searches: the running total at the
    # visit's instant less that at the stop's first.
    key = events.stop * LATEST_MS + events.ms
    order = np.argsort(key, kind="stable")
    total = np.concatenate([[0], np.cumsum(events.people[order])])
    until = np.searchsorted(key[order], stop * LATEST_MS + at, side="right")
    since = np.searchsorted(key[order], stop * LATEST_MS)
    so_far: Ints = total[until] - total[since]
    return so_far
