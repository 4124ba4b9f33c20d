"""The stream `stop_visit`: one row per stop of the pattern, when the bus departs from it or passes it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from simulator.day.trajectory import Ints, Trajectory
from simulator.streams.arrow_columns import batch, ids, instants
from simulator.streams.entity_index import EntityIndex
from simulator.streams.sampling import TripIndex
from storage.schema import Stream

COPIED = ("sequence", "direction", "boarding", "alighting", "left_behind", "waiting")


def stop_visit(entities: EntityIndex, days: Sequence[Trajectory], start: int, end: int) -> pa.Table:
    """Visits with start ≤ time < end."""
    chosen = [_between(day, start, end) for day in days]

    def column(name: str) -> Ints:
        return np.concatenate([getattr(day.legs, name)[i] for day, i in zip(days, chosen, strict=True)])

    source = np.repeat(np.arange(len(days)), [len(index) for index in chosen])
    bus = _network_indices(source, column("bus"), [entities.buses_of[day.line_id] for day in days])
    stop = _network_indices(source, column("stop"), [entities.stops_of[day.line_id] for day in days])
    trips = TripIndex(days)
    used, trip = np.unique(trips.number(source, column("trip")), return_inverse=True)
    time = column("leaves")
    order = np.lexsort((stop, bus, time))
    return batch(
        Stream.STOP_VISIT,
        {
            "time": instants(time[order]),
            "bus_id": ids(bus[order], entities.buses),
            "line_id": ids(entities.line_of_bus[bus[order]], entities.lines),
            "stop_id": ids(stop[order], entities.stops),
            "trip_id": ids(trip[order], trips.texts(used)),
            "arrival_time": instants(column("opens")[order]),
            "doors_open": column("doors")[order],
            "passenger_count": (column("load") + column("boarding") - column("alighting"))[order],
            **{name: column(name)[order] for name in COPIED},
        },
    )


def _between(day: Trajectory, start: int, end: int) -> Ints:
    """The legs that end in a visit with start ≤ time < end."""
    legs = day.legs
    return np.flatnonzero((legs.leaves >= start) & (legs.leaves < end) & (legs.sequence > 0))


def _network_indices(source: Ints, local: Ints, indices: Sequence[Ints]) -> Ints:
    """Indices into the network's buses or stops from those into each line-day's own."""
    first = np.cumsum([0, *(len(own) for own in indices[:-1])])
    result: Ints = np.concatenate(indices)[first[source] + local]
    return result
