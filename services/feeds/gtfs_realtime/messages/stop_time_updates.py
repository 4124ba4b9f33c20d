"""The stop time updates of all buses of a tick, as bytes.

A whole city has tens of thousands of them, which would take a second as objects: here they are columns.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
from google.transit.gtfs_realtime_pb2 import TripUpdate
from numpy.typing import NDArray

from services.feeds.gtfs_realtime.city_tick import TickTrip
from services.feeds.gtfs_realtime.expected_calls import LAST_STEP, STEP_S, uncertainties
from services.feeds.gtfs_realtime.messages.wire_rows import (
    ByteRows,
    Flags,
    Ints,
    delimited,
    joined,
    message_field,
    number_field,
    only,
    table,
    taken,
)
from services.gtfs_trips.planned_days import PlannedDays

Floats = NDArray[np.float64]

SKIPPED = TripUpdate.StopTimeUpdate.SKIPPED
SCHEDULED = TripUpdate.StopTimeUpdate.SCHEDULED
BEFORE_S = 600
"""No time is earlier than so long before the tick."""

_UPDATE, _SEQUENCE, _ARRIVAL, _DEPARTURE, _STOP_ID, _RELATIONSHIP = 2, 1, 2, 3, 4, 5
"""Numbers of fields: of a stop time update in a trip update, and of its own fields."""
_DELAY, _TIME, _UNCERTAINTY = 1, 2, 3
"""Numbers of the fields of an arrival or a departure."""

_UNCERTAINTIES = np.array([uncertainties(has_departed=departed) for departed in (False, True)], np.int64)


@dataclass(frozen=True, slots=True)
class _Calls:
    """Columns with a row for each stop ahead of each bus. `index` is the stop's in its pattern.

    `arrives` and `leaves` say whether there is an update of the arrival and of the departure.
    """

    index: Ints
    stop_ids: ByteRows
    arrives_s: Ints
    leaves_s: Ints
    arrival_delay_s: Ints
    departure_delay_s: Ints
    uncertainty_s: Ints
    planned: Flags
    arrives: Flags
    leaves: Flags
    skipped: Flags


class _Kept(NamedTuple):
    """Columns of an object that is the same at every tick."""

    of: object
    columns: Ints


class StopTimeUpdates:
    """Writes them. It keeps what doesn't change from tick to tick."""

    def __init__(self, days: PlannedDays) -> None:
        self._days = days
        ids = days.ids.stop
        self._stop_ids = table([delimited(_STOP_ID, text.encode()) for text in ids.values()])
        self._place = {stop_id: place for place, stop_id in enumerate(ids)}
        self._patterns: dict[int, _Kept] = {}
        self._plans: dict[int, _Kept] = {}

    def of_trips(
        self, trips: Sequence[TickTrip], skipped: Sequence[Collection[int]], now: datetime
    ) -> Sequence[bytes]:
        """The fields `stop_time_update` of each trip; `skipped` has each one's stops not served, by index."""
        if not trips:
            return ()
        counts = np.array([len(trip.calls.arrives_s) for trip in trips])
        content, ends = joined(_parts(self._calls(trips, counts, skipped, now.timestamp())))
        bounds = [0, *ends[np.cumsum(counts) - 1].tolist()]
        return [content[start:end] for start, end in pairwise(bounds)]

    def _calls(
        self, trips: Sequence[TickTrip], counts: Ints, skipped: Sequence[Collection[int]], now_s: float
    ) -> _Calls:
        trip = np.repeat(np.arange(len(trips)), counts)
        first = np.array([each.calls.first for each in trips])
        index = np.arange(len(trip)) + (first - np.cumsum(counts) + counts)[trip]
        last = np.array([len(each.pattern.stops) - 1 for each in trips])
        waits = np.array([each.calls.is_waiting for each in trips])
        left_out = _skipped(skipped, counts, first)
        arrives, leaves = ~left_out & ((index > 0) | ~waits[trip]), ~left_out & (index < last[trip])
        exact_s = (
            _joined([each.calls.arrives_s for each in trips]),
            _joined([each.calls.leaves_s for each in trips]),
        )
        arrives_s, leaves_s = _rising(exact_s, arrives, leaves, trip, int(now_s) - BEFORE_S)
        plan_s = np.concatenate([self._plan_s(each) for each in trips], axis=1)
        departed = np.array([bool(each.bus.visits) for each in trips], np.int64)
        return _Calls(
            index=index,
            stop_ids=taken(self._stop_ids, np.concatenate([self._places(each) for each in trips])),
            arrives_s=arrives_s,
            leaves_s=leaves_s,
            arrival_delay_s=arrives_s - plan_s[0],
            departure_delay_s=leaves_s - plan_s[1],
            uncertainty_s=_UNCERTAINTIES[departed[trip], _steps(exact_s[1] - now_s)],
            planned=np.array([each.planned is not None for each in trips])[trip],
            arrives=arrives,
            leaves=leaves,
            skipped=left_out,
        )

    def _places(self, trip: TickTrip) -> Ints:
        """The places of the stops ahead in the table of ids."""
        pattern = trip.pattern
        kept = self._patterns.get(id(pattern))
        if kept is None:
            places = np.array([self._place[stop.stop_id] for stop in pattern.stops], np.int64)
            kept = self._patterns[id(pattern)] = _Kept(pattern, places)
        return kept.columns[trip.calls.first :]

    def _plan_s(self, trip: TickTrip) -> Ints:
        """A trip's planned arrivals and departures at the stops ahead, 0 for one that isn't planned."""
        if trip.planned is None:
            return np.zeros((2, len(trip.calls.arrives_s)), np.int64)
        plan = self._days.calls(trip.bus.line, trip.planned)
        kept = self._plans.get(id(plan))
        if kept is None:
            kept = self._plans[id(plan)] = _Kept(plan, np.array(plan, np.int64).T)
        return kept.columns[:, trip.calls.first :] + int(trip.planned.departs.timestamp())


def _joined(columns: Sequence[Sequence[float]]) -> Floats:
    return np.array(list(chain.from_iterable(columns)))


def _skipped(skipped: Sequence[Collection[int]], counts: Ints, first: Ints) -> Flags:
    """By row whether its stop is among those that its trip doesn't serve."""
    found = np.zeros(int(counts.sum()), bool)
    starts = np.cumsum(counts) - counts
    for trip in (trip for trip, of_trip in enumerate(skipped) if of_trip):
        ahead = [index - first[trip] for index in skipped[trip] if index >= first[trip]]
        found[starts[trip] + np.array(ahead, np.int64)] = True
    return found


def _steps(ahead_s: Floats) -> Ints:
    """The row of the table of uncertainties for times so far ahead; those of the past have the last."""
    half_minutes = np.trunc(ahead_s).astype(np.int64) // STEP_S
    return np.where((half_minutes >= 0) & (half_minutes < LAST_STEP), half_minutes, LAST_STEP)


def _rising(
    exact_s: tuple[Floats, Floats], arrives: Flags, leaves: Flags, trip: Ints, least_s: int
) -> tuple[Ints, Ints]:
    """Arrivals and departures in whole seconds, which rise along each trip as validators expect.

    An arrival is at least a second after the departure before it, a departure not before its arrival. The
    times that aren't used (`arrives`, `leaves`) move no others.
    """
    # Less the number of arrivals so far on the trip, the times need only not fall: a running maximum. For
    # all trips at once, each one's times are moved beyond those of the trip before.
    so_far = np.cumsum(arrives)
    first = np.flatnonzero(np.diff(trip, prepend=-1))
    arrivals: Ints = so_far - (so_far[first] - arrives[first])[trip]
    used = np.stack([arrives, leaves], axis=1)
    ahead_s = np.stack(exact_s, axis=1).astype(np.int64) - arrivals[:, None] - least_s
    ahead_s = np.maximum(np.where(used, ahead_s, 0), 0)
    beyond_s = (trip * (ahead_s.max() + 1))[:, None]
    rising_s = np.maximum.accumulate((ahead_s + beyond_s).reshape(-1)).reshape(-1, 2) - beyond_s
    found = rising_s + arrivals[:, None] + least_s
    return found[:, 0], found[:, 1]


def _parts(calls: _Calls) -> Sequence[ByteRows]:
    """The parts of each row's stop time update, in the order of the fields' numbers."""
    arrival = _event(calls, calls.arrives_s, calls.arrival_delay_s)
    departure = _event(calls, calls.leaves_s, calls.departure_delay_s)
    return message_field(
        _UPDATE,
        [
            *number_field(_SEQUENCE, calls.index + 1),
            *only(calls.arrives, message_field(_ARRIVAL, arrival)),
            *only(calls.leaves, message_field(_DEPARTURE, departure)),
            calls.stop_ids,
            *number_field(_RELATIONSHIP, np.where(calls.skipped, SKIPPED, SCHEDULED)),
        ],
    )


def _event(calls: _Calls, times_s: Ints, delays_s: Ints) -> Sequence[ByteRows]:
    return [
        *only(calls.planned, number_field(_DELAY, delays_s)),
        *number_field(_TIME, times_s),
        *number_field(_UNCERTAINTY, calls.uncertainty_s),
    ]
