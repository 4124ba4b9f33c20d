"""The stream `bus_position`: every bus every 30 s, in service or parked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from simulator.day.trajectory import Ints, Trajectory
from simulator.streams.arrow_columns import batch, ids, instants
from simulator.streams.entity_index import EntityIndex
from simulator.streams.sampling import PathIndex, Samples, TripIndex, motion, rounded
from simulator.types import SECOND_MS
from storage.schema import SCHEMAS, Stream

STEP_MS = (SCHEMAS[Stream.BUS_POSITION].cadence_s or 0) * SECOND_MS
KMH = 3600.0
"""km/h in a metre a millisecond."""


def bus_position(entities: EntityIndex, days: Sequence[Trajectory], start: int, end: int) -> pa.Table:
    """Positions at the ticks in [start, end)."""
    samples = Samples(days, start, end, STEP_MS, entities)
    metres, speed, latitude, longitude = motion(samples, PathIndex(days))
    distance = np.maximum(samples.column("to_m") - metres, 0.0)
    bus = np.tile(np.arange(len(entities.buses)), len(metres) // len(entities.buses))
    trip_ids, trip = _trips(samples, days)
    return batch(
        Stream.BUS_POSITION,
        {
            "time": instants(samples.at),
            "bus_id": ids(bus, entities.buses),
            "line_id": ids(entities.line_of_bus[bus], entities.lines),
            "latitude": rounded(latitude, 6),
            "longitude": rounded(longitude, 6),
            "passenger_count": samples.column("load"),
            "next_stop_id": ids(_stops(samples, days, entities), entities.stops),
            "distance_to_next_stop": rounded(distance, 1),
            "speed": rounded(speed * KMH, 1),
            "direction": samples.column("direction"),
            "trip_id": ids(trip, trip_ids),
        },
    )


def _trips(samples: Samples, days: Sequence[Trajectory]) -> tuple[list[str], Ints]:
    """The samples' trip ids, the first of which is the empty one, and each sample's index among them."""
    trips = TripIndex(days)
    numbers = trips.number(samples.day_of_leg, samples.of_legs("trip"))
    used, place = np.unique(numbers, return_inverse=True)
    # A parked bus, whose trip is -1, is idle all the time.
    idle = samples.at < samples.column("idle_until")
    return ["", *trips.texts(used)], np.where(idle, 0, samples.spread(place) + 1)


def _stops(samples: Samples, days: Sequence[Trajectory], entities: EntityIndex) -> Ints:
    """The index of each sample's next stop among the network's."""
    stop_of = np.concatenate([entities.stops_of[day.line_id] for day in days])
    first = np.cumsum([0, *(len(day.stops) for day in days[:-1])])
    stops: Ints = samples.spread(stop_of[first[samples.day_of_leg] + samples.of_legs("stop")])
    return stops
