"""`window`: the streams' rows in [start, end), from the line-days that own it.

Merges all line-days, sums over the lines that share a stop, samples at the ticks, sorts by (time, key).
A value at t is the one after everything that happens at t.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa

from simulator.day.trajectory import Trajectory
from simulator.streams.bus_position import bus_position
from simulator.streams.entity_index import EntityIndex
from simulator.streams.people_count import people_count
from simulator.streams.sensor_data import sensor_data
from simulator.streams.stop_visit import stop_visit
from simulator.streams.weather import Air
from storage.schema import Stream


def window(
    entities: EntityIndex,
    trajectories: Sequence[Trajectory],
    start: int,
    end: int,
    *,
    air: Air,
    streams: Collection[Stream],
) -> dict[Stream, pa.Table]:
    """One batch for each of `streams`, in the schema of `storage.arrow_schema`.

    `start`, `end`: ms since the epoch. `trajectories` are every line-day of the network that owns some of
    [start, end), `air` is the weather. Rows have start ≤ time < end.
    """
    batches: dict[Stream, pa.Table] = {}
    if Stream.PEOPLE_COUNT in streams:
        batches[Stream.PEOPLE_COUNT] = people_count(entities, trajectories, start, end)
    if Stream.SENSOR_DATA in streams:
        batches[Stream.SENSOR_DATA] = sensor_data(entities, trajectories, start, end, air)
    if Stream.BUS_POSITION in streams:
        batches[Stream.BUS_POSITION] = bus_position(entities, trajectories, start, end)
    if Stream.STOP_VISIT in streams:
        batches[Stream.STOP_VISIT] = stop_visit(entities, trajectories, start, end)
    return batches
