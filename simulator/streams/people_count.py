"""The stream `people_count`: who waits at each stop, summed over the lines that serve it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import numpy as np
import pyarrow as pa

from simulator.day.trajectory import Ints, PassengerEvents, Trajectory
from simulator.streams.arrow_columns import batch, ids, instants
from simulator.streams.entity_index import EntityIndex
from simulator.types import SECOND_MS
from storage.schema import SCHEMAS, Stream

STEP_MS = (SCHEMAS[Stream.PEOPLE_COUNT].cadence_s or 0) * SECOND_MS


def people_count(entities: EntityIndex, days: Sequence[Trajectory], start: int, end: int) -> pa.Table:
    """People at every stop at the ticks in [start, end).

    A tick's `arrived`, `boarded`, `left` are those of the 60 s up to it, itself included.
    """
    first, after, stops = -(-start // STEP_MS), -(-end // STEP_MS), len(entities.stops)
    ticks = np.arange(first, after)
    arrived, boarded, left = (
        _by_minute([(entities.stops_of[d.line_id], events(d)) for d in days], first, len(ticks), stops)
        for events in (attrgetter("arrived"), attrgetter("boarded"), attrgetter("left"))
    )
    change = arrived - boarded - left
    index = np.tile(np.arange(stops, dtype=np.int32), len(ticks))
    return batch(
        Stream.PEOPLE_COUNT,
        {
            "time": instants(np.repeat(ticks * STEP_MS, stops)),
            "stop_id": ids(index, entities.stops),
            "line_ids": ids(entities.line_text[index], entities.line_texts),
            "count": np.cumsum(change, axis=0)[1:].ravel(),
            "arrived": arrived[1:].ravel(),
            "boarded": boarded[1:].ravel(),
            "left": left[1:].ravel(),
        },
    )


def _by_minute(lines: Sequence[tuple[Ints, PassengerEvents]], first: int, ticks: int, stops: int) -> Ints:
    """People by minute and stop, shape (ticks + 1, stops); row 0 counts everything before the window.

    Each line-day's events come with the network's index of its stops. The tick that ends an event's minute
    counts it; events past the last tick don't count yet.
    """
    total = np.zeros((ticks + 1) * stops, np.int64)
    places, people = [], []
    for stop_of, events in lines:
        low, high = np.searchsorted(
            events.ms, ((first - 1) * STEP_MS, (first + ticks - 1) * STEP_MS), "right"
        )
        before = np.bincount(events.stop[:low], events.people[:low], len(stop_of))
        total[stop_of] += before.astype(np.int64)
        row = -(-events.ms[low:high] // STEP_MS) - first + 1
        places.append(row * stops + stop_of[events.stop[low:high]])
        people.append(events.people[low:high])
    if places:
        # Sums of whole numbers below 2^53, exact as floats.
        counts = np.bincount(np.concatenate(places), np.concatenate(people), len(total))
        total += counts.astype(np.int64)
    return total.reshape(ticks + 1, stops)
