"""The stop time updates of all buses of a tick, as bytes.

A whole city has tens of thousands of them, which would take a second as objects: here they are columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from google.transit.gtfs_realtime_pb2 import TripUpdate
from numpy.typing import NDArray

from services.feeds.gtfs_realtime.city_tick import TickTrip
from services.feeds.gtfs_realtime.expected_calls import (
    LAST_STEP,
    STEP_S,
    ExpectedCalls,
    PatternTimes,
    uncertainties,
)
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
from services.gtfs_trips.planned_days import FeedTrip, PlannedDays
from simulator.planned_service import PlannedCall

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


class _Stacked:
    """Columns of many things of different lengths, one after the other: rows of one begin at its offset.

    What has been added stays, by the identity of the thing.
    """

    def __init__(self) -> None:
        self._offset: dict[int, int] = {}
        self._kept: list[tuple[object, Ints]] = []
        self._rows = 0
        self._columns: Ints | None = None

    def offset(self, of: object, make: Callable[[], Ints]) -> int:
        """The offset of a thing, whose columns are made when it is new."""
        found = self._offset.get(id(of))
        if found is None:
            columns = make()
            found = self._offset[id(of)] = self._rows
            self._kept.append((of, columns))
            self._rows += columns.shape[1]
            self._columns = None
        return found

    @property
    def columns(self) -> Ints:
        """The columns of all."""
        if self._columns is None:
            self._columns = np.concatenate([columns for _, columns in self._kept], axis=1)
        return self._columns


class _Planned(NamedTuple):
    """A planned trip, the offset of its plan, and when it departs, in seconds since the epoch."""

    trip: FeedTrip | None
    offset: int
    departs_s: int


NOT_PLANNED = _Planned(None, 0, 0)


class _Means(NamedTuple):
    """A pattern's times, and the same as columns."""

    times: PatternTimes
    columns: Floats


class StopTimeUpdates:
    """Writes them. It keeps what doesn't change from tick to tick."""

    def __init__(self, days: PlannedDays) -> None:
        self._days = days
        ids = days.ids.stop
        self._stop_ids = table([delimited(_STOP_ID, text.encode()) for text in ids.values()])
        self._place = {stop_id: place for place, stop_id in enumerate(ids)}
        self._patterns, self._plans = _Stacked(), _Stacked()
        self._planned: dict[int, _Planned] = {}
        self._means: dict[int, _Means] = {}

    def of_trips(
        self, trips: Sequence[TickTrip], skipped: Sequence[Collection[int]], now: datetime
    ) -> Sequence[bytes]:
        """The fields `stop_time_update` of each trip; `skipped` has each one's stops not served, by index."""
        if not trips:
            return ()
        counts = np.array([trip.calls.ahead for trip in trips])
        content, ends = joined(_parts(self._calls(trips, counts, skipped, now.timestamp())))
        bounds = [0, *ends[np.cumsum(counts) - 1].tolist()]
        return [content[start:end] for start, end in pairwise(bounds)]

    def _calls(
        self, trips: Sequence[TickTrip], counts: Ints, skipped: Sequence[Collection[int]], now_s: float
    ) -> _Calls:
        trip = np.repeat(np.arange(len(trips)), counts)
        first = np.array([each.calls.first for each in trips])
        index = np.arange(len(trip)) + (first - np.cumsum(counts) + counts)[trip]
        last = first + counts - 1
        waits = np.array([each.calls.is_waiting for each in trips])
        left_out = _skipped(skipped, counts, first)
        arrives, leaves = ~left_out & ((index > 0) | ~waits[trip]), ~left_out & (index < last[trip])
        exact_s = self._exact_s([each.calls for each in trips], trip, index, counts)
        arrives_s, leaves_s = _rising(exact_s, arrives, leaves, trip, int(now_s) - BEFORE_S)
        plan_s, planned = self._plan_s(trips, trip, index), np.array([t.planned is not None for t in trips])
        departed = np.array([bool(each.bus.visits) for each in trips], np.int64)
        places = np.array([self._patterns.offset(t.pattern, partial(self._places, t)) for t in trips])
        return _Calls(
            index=index,
            stop_ids=taken(self._stop_ids, self._patterns.columns[0, places[trip] + index]),
            arrives_s=arrives_s,
            leaves_s=leaves_s,
            arrival_delay_s=arrives_s - plan_s[0],
            departure_delay_s=leaves_s - plan_s[1],
            uncertainty_s=_UNCERTAINTIES[departed[trip], _steps(exact_s[1] - now_s)],
            planned=planned[trip],
            arrives=arrives,
            leaves=leaves,
            skipped=left_out,
        )

    def _places(self, trip: TickTrip) -> Ints:
        """The places of a pattern's stops in the table of ids."""
        return np.array([[self._place[stop.stop_id] for stop in trip.pattern.stops]], np.int64)

    def _exact_s(
        self, calls: Sequence[ExpectedCalls], trip: Ints, index: Ints, counts: Ints
    ) -> tuple[Floats, Floats]:
        """For each row, when the bus reaches the stop and when it leaves it, in seconds since the epoch."""
        means = {id(each.means): each.means for each in calls}
        # While a pattern's times are the same object, nothing new was learned of it.
        self._means = {
            key: self._means.get(key) or _Means(each, _mean_columns(each)) for key, each in means.items()
        }
        columns = [each.columns for each in self._means.values()]
        ends = np.cumsum([each.shape[1] for each in columns])
        offset_of = dict(zip(means, [0, *ends[:-1].tolist()], strict=True))
        row = np.array([offset_of[id(each.means)] for each in calls])[trip] + index
        runs_s, dwells_s, dwell_s = np.concatenate(columns, axis=1)[:, row]
        base_s, pace = np.array([(each.base_s, each.pace) for each in calls]).T
        arrives_s = base_s[trip] + pace[trip] * runs_s + dwells_s
        leaves_s = arrives_s + dwell_s
        ends = np.cumsum(counts)
        leaves_s[ends - 1] = arrives_s[ends - 1]
        arrives_s[ends - counts] = [each.reaches_s for each in calls]
        leaves_s[ends - counts] = [each.leaves_s for each in calls]
        return arrives_s, leaves_s

    def _plan_s(self, trips: Sequence[TickTrip], trip: Ints, index: Ints) -> Ints:
        """For each row, the planned arrival and departure; without meaning for trips that aren't planned."""
        kept, self._planned = self._planned, {}
        places = [NOT_PLANNED if each.planned is None else self._place_of(each, kept) for each in trips]
        if not self._planned:
            return np.zeros((2, len(trip)), np.int64)
        offsets, departs_s = np.array([(place.offset, place.departs_s) for place in places]).T
        columns = self._plans.columns
        rows = np.minimum(offsets[trip] + index, columns.shape[1] - 1)
        planned_s: Ints = columns[:, rows] + departs_s[trip]
        return planned_s

    def _place_of(self, trip: TickTrip, kept: Mapping[int, _Planned]) -> _Planned:
        """Where a trip's plan is in the table of plans; kept from the tick before if that had the trip."""
        planned = trip.planned
        found = kept.get(id(planned))
        if found is None and planned is not None:
            plan = self._days.calls(trip.bus.line, planned)
            offset = self._plans.offset(plan, partial(_columns_of, plan))
            found = _Planned(planned, offset, planned.departs_s)
        self._planned[id(planned)] = found = found or NOT_PLANNED
        return found


def _columns_of(plan: Sequence[PlannedCall]) -> Ints:
    return np.array(plan, np.int64).T


def _mean_columns(times: PatternTimes) -> Floats:
    return np.array([times.runs_s, times.dwells_s, times.dwell_s])


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
