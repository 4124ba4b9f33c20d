"""The stream `stop_visit`: one row a stop of the pattern, at the moment the bus leaves it or goes past."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from simulator.batches import batch, ids, instants
from simulator.network import Network
from simulator.trajectory import Ints, Trajectory
from storage.schema import Stream

COPIED = ("sequence", "direction", "boarding", "alighting", "left_behind", "waiting")


def stop_visit(network: Network, days: Sequence[Trajectory], start: int, end: int) -> pa.Table:
    """Visits with start ≤ time < end."""
    chosen = [visits_between(day, start, end) for day in days]

    def column(name: str) -> Ints:
        parts = [getattr(day.legs, name)[index] for day, index in zip(days, chosen, strict=True)]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    source = np.repeat(np.arange(len(days)), [len(index) for index in chosen])
    bus_ids = sorted(network.line_of_bus)
    stop_ids = [stop.stop_id for stop in network.stops]
    bus = _shared(source, column("bus"), [day.buses for day in days], bus_ids)
    stop = _shared(source, column("stop"), [day.stops for day in days], stop_ids)
    trips = [trip_id for day in days for trip_id in day.trips]
    trip = np.cumsum([0, *(len(day.trips) for day in days[:-1])])[source] + column("trip")
    time = column("leaves")
    order = np.lexsort((stop, bus, time))
    counts = {name: column(name)[order] for name in COPIED}
    return batch(
        Stream.STOP_VISIT,
        {
            "time": instants(time[order]),
            "bus_id": ids(bus[order], bus_ids),
            "line_id": ids(source[order], [day.line_id for day in days]),
            "stop_id": ids(stop[order], stop_ids),
            "trip_id": ids(trip[order], trips),
            "arrival_time": instants(column("opens")[order]),
            "doors_open": column("doors")[order].astype(bool),
            "passenger_count": (column("load") + column("boarding") - column("alighting"))[order],
            **counts,
        },
    )


def visits_between(day: Trajectory, start: int, end: int) -> Ints:
    """The legs that end in a visit with start ≤ time < end."""
    legs = day.legs
    return np.flatnonzero((legs.leaves >= start) & (legs.leaves < end) & (legs.sequence > 0))


def _shared(
    source: Ints,
    local: Ints,
    names: Sequence[Sequence[str]],
    shared: Sequence[str],
) -> Ints:
    """Indices into each line-day's own names as indices into the network's sorted ones."""
    position = {name: i for i, name in enumerate(shared)}
    table = np.array([position[name] for own in names for name in own], np.int64)
    first = np.cumsum([0, *(len(own) for own in names[:-1])])
    return table[first[source] + local]
