"""The stream `bus_position`: every bus every 30 s, in service or parked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from simulator.batches import batch, ids, instants
from simulator.network import Network
from simulator.sampling import Map, Samples, along, rounded
from simulator.trajectory import Ints, Trajectory
from simulator.types import SECOND_MS
from storage.schema import SCHEMAS, Stream

STEP_MS = (SCHEMAS[Stream.BUS_POSITION].cadence_s or 0) * SECOND_MS
KMH = 3600.0
"""km/h in a metre a millisecond."""


def bus_position(network: Network, days: Sequence[Trajectory], start: int, end: int) -> pa.Table:
    """Positions at the ticks in [start, end)."""
    samples = Samples(days, start, end, STEP_MS)
    metres, speed = along(samples)
    latitude, longitude = Map(days).place(samples.day, samples.column("path"), metres)
    distance = np.maximum(samples.column("to_m") - metres, 0.0)
    bus_ids = sorted(network.line_of_bus)
    column = {bus_id: i for i, bus_id in enumerate(bus_ids)}
    bus = samples.of_day([np.array([column[b] for b in day.buses]) for day in days])
    order = time_major(samples.at, bus, start, STEP_MS, len(bus_ids))
    lines = [line.line_id for line in network.lines]
    line_of = np.array([lines.index(network.line_of_bus[bus_id].line_id) for bus_id in bus_ids])
    trip_ids, trip = _trips(samples, days)
    stop_ids, stop = _stops(samples, network, days)
    return batch(
        Stream.BUS_POSITION,
        {
            "time": instants(samples.at[order]),
            "bus_id": ids(bus[order], bus_ids),
            "line_id": ids(line_of[bus[order]], lines),
            "latitude": rounded(latitude[order], 6),
            "longitude": rounded(longitude[order], 6),
            "passenger_count": samples.column("load")[order],
            "next_stop_id": ids(stop[order], stop_ids),
            "distance_to_next_stop": rounded(distance[order], 1),
            "speed": rounded(speed[order] * KMH, 1),
            "direction": samples.column("direction")[order],
            "trip_id": ids(trip[order], trip_ids),
        },
    )


def time_major(at: Ints, entity: Ints, start: int, step: int, entities: int) -> Ints:
    """The order by (instant, entity) of samples that hold every entity once a tick."""
    first = -(-start // step)
    order = np.empty(len(at), np.int64)
    order[(at // step - first) * entities + entity] = np.arange(len(at))
    return order


def _trips(samples: Samples, days: Sequence[Trajectory]) -> tuple[list[str], Ints]:
    """Trip ids, the first of which is the empty one, and each sample's index among them."""
    first = np.cumsum([1, *(len(day.trips) for day in days[:-1])])
    trip = first[samples.day] + samples.column("trip")
    idle = samples.at < samples.column("idle_until")
    return ["", *(trip_id for day in days for trip_id in day.trips)], np.where(idle, 0, trip)


def _stops(samples: Samples, network: Network, days: Sequence[Trajectory]) -> tuple[list[str], Ints]:
    """Stop ids and the index of each sample's next stop among them."""
    position = {stop.stop_id: i for i, stop in enumerate(network.stops)}
    stop_of = np.array([position[stop_id] for day in days for stop_id in day.stops])
    first = np.cumsum([0, *(len(day.stops) for day in days[:-1])])
    return list(position), stop_of[first[samples.day] + samples.column("stop")]
