"""The stream `bus_position`: every bus every 30 s, in service or parked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from simulator.day.trajectory import Ints, Trajectory
from simulator.streams.arrow_columns import batch, ids, instants
from simulator.streams.entity_index import EntityIndex
from simulator.streams.sampling import PathIndex, Samples, along, rounded
from simulator.types import SECOND_MS
from storage.schema import SCHEMAS, Stream

STEP_MS = (SCHEMAS[Stream.BUS_POSITION].cadence_s or 0) * SECOND_MS
KMH = 3600.0
"""km/h in a metre a millisecond."""


def bus_position(entities: EntityIndex, days: Sequence[Trajectory], start: int, end: int) -> pa.Table:
    """Positions at the ticks in [start, end)."""
    samples = Samples(days, start, end, STEP_MS)
    order = samples.time_major(entities)
    metres, speed = along(samples)
    latitude, longitude = PathIndex(days).place(samples.day, samples.column("path"), metres)
    distance = np.maximum(samples.column("to_m") - metres, 0.0)
    bus = np.tile(np.arange(len(entities.buses)), len(order) // len(entities.buses))
    trip_ids, trip = _trips(samples, days)
    return batch(
        Stream.BUS_POSITION,
        {
            "time": instants(samples.at[order]),
            "bus_id": ids(bus, entities.buses),
            "line_id": ids(entities.line_of_bus[bus], entities.lines),
            "latitude": rounded(latitude[order], 6),
            "longitude": rounded(longitude[order], 6),
            "passenger_count": samples.column("load")[order],
            "next_stop_id": ids(_stops(samples, days, entities)[order], entities.stops),
            "distance_to_next_stop": rounded(distance[order], 1),
            "speed": rounded(speed[order] * KMH, 1),
            "direction": samples.column("direction")[order],
            "trip_id": ids(trip[order], trip_ids),
        },
    )


def _trips(samples: Samples, days: Sequence[Trajectory]) -> tuple[list[str], Ints]:
    """Trip ids, the first of which is the empty one, and each sample's index among them."""
    first = np.cumsum([1, *(len(day.trips) for day in days[:-1])])
    trip = first[samples.day] + samples.column("trip")
    idle = samples.at < samples.column("idle_until")
    return ["", *(trip_id for day in days for trip_id in day.trips)], np.where(idle, 0, trip)


def _stops(samples: Samples, days: Sequence[Trajectory], entities: EntityIndex) -> Ints:
    """The index of each sample's next stop among the network's."""
    stop_of = np.concatenate([entities.stops_of[day.line_id] for day in days])
    first = np.cumsum([0, *(len(day.stops) for day in days[:-1])])
    stops: Ints = stop_of[first[samples.day] + samples.column("stop")]
    return stops
