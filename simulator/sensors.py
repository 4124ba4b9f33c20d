"""The stream `sensor_data`: cabins' CO2, doors and climate, and the air at the stops, every 60 s.

A cabin's climate follows from the weather, from whether the bus is in service (heated to 20 °C, cooled to
24 °C), and from the people aboard, whose warmth and moisture linger as their CO2 does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from simulator import cabin, randomness
from simulator.batches import batch, ids, instants
from simulator.network import Network
from simulator.positions import time_major
from simulator.randomness import Bits
from simulator.sampling import Samples, rounded
from simulator.trajectory import Floats, Ints, Trajectory
from simulator.types import MINUTE_MS, SECOND_MS
from simulator.weather import weather
from storage.schema import SCHEMAS, Stream

STEP_MS = (SCHEMAS[Stream.SENSOR_DATA].cadence_s or 0) * SECOND_MS

HEATED_TO_C, COOLED_TO_C = 20.0, 24.0
RAMP_MS = 30 * MINUTE_MS
"""A cabin takes half an hour to warm up or cool down."""
PEOPLE_C_PER_PPM, PEOPLE_HUMIDITY_PER_PPM = 0.6 / 1000, 5.0 / 1000
NOISE_MS = 15 * MINUTE_MS
BUS_NOISE_C, BUS_NOISE_HUMIDITY = 0.25, 1.0
STOP_NOISE_C, STOP_NOISE_HUMIDITY = 0.35, 1.5
STOP_OFFSET_C, STOP_OFFSET_HUMIDITY = 0.8, 2.5
"""Streets differ: a stop is always up to so much warmer, cooler, damper, drier than the weather station."""

COLDEST_C, HOTTEST_C = -30, 70
VAPOUR = np.array(
    [round(6.112 * math.exp(17.62 * t / (243.12 + t)), 9) for t in range(COLDEST_C, HOTTEST_C + 2)]
)
"""Saturation vapour pressure over water by whole °C, hPa (Magnus formula, WMO-No. 8, annex 4.B)."""


def vapour(temperature: Floats) -> Floats:
    """Saturation vapour pressure, hPa."""
    return randomness.interpolate(VAPOUR, np.clip(temperature, COLDEST_C, HOTTEST_C) - COLDEST_C)


def sensor_data(network: Network, days: Sequence[Trajectory], start: int, end: int, *, seed: int) -> pa.Table:
    """Readings of every bus and stop at the ticks in [start, end)."""
    ticks = np.arange(-(-start // STEP_MS), -(-end // STEP_MS)) * STEP_MS
    buses, stops = sorted(network.line_of_bus), [stop.stop_id for stop in network.stops]
    entities = sorted([(bus_id, "bus") for bus_id in buses] + [(stop_id, "stop") for stop_id in stops])
    of_bus = np.array([i for i, (_, kind) in enumerate(entities) if kind == "bus"])
    of_stop = np.array([i for i, (_, kind) in enumerate(entities) if kind == "stop"])
    air = weather(seed, ticks)
    shape = (len(ticks), len(entities))
    temperature, humidity, co2 = np.empty(shape), np.empty(shape), np.zeros(shape, np.int64)
    door = np.full(shape, 2, np.int32)
    columns = _buses(days, buses, ticks, air, seed)
    for target, values in zip((temperature, humidity, co2, door), columns, strict=True):
        target[:, of_bus] = values
    temperature[:, of_stop], humidity[:, of_stop] = _stops(stops, ticks, air, seed)
    index = np.tile(np.arange(len(entities)), len(ticks))
    kinds = np.array([0 if kind == "bus" else 1 for _, kind in entities])
    return batch(
        Stream.SENSOR_DATA,
        {
            "time": instants(np.repeat(ticks, len(entities))),
            "entity_id": ids(index, [name for name, _ in entities]),
            "entity_type": ids(kinds[index], ["bus", "stop"]),
            "temperature": rounded(temperature, 2).ravel(),
            "humidity": rounded(humidity, 1).ravel(),
            "co2_level": pa.array(co2.ravel(), mask=door.ravel() == 2),
            "door_status": ids(door.ravel(), ["closed", "open", None]),
        },
    )


def _noise(purpose: str, names: Sequence[str], ticks: Ints, seed: int) -> Floats:
    """Smooth noise in [-1, 1) by tick and entity."""
    noise = randomness.smooth(_keys(purpose, names, seed), ticks / NOISE_MS)
    return noise.T


def _keys(purpose: str, names: Sequence[str], seed: int) -> Bits:
    return np.array([[randomness.key(seed, purpose, name)] for name in names], np.uint64)


def _stops(names: Sequence[str], ticks: Ints, air: tuple[Floats, Floats], seed: int) -> tuple[Floats, Floats]:
    """Temperature and humidity by tick and stop."""
    offset = (
        2.0 * randomness.uniform_at(_keys("stop-place", names, seed), np.arange(2, dtype=np.uint64)) - 1.0
    )
    warm = STOP_OFFSET_C * offset[:, 0] + STOP_NOISE_C * _noise("stop-air", names, ticks, seed)
    damp = STOP_OFFSET_HUMIDITY * offset[:, 1] + STOP_NOISE_HUMIDITY * _noise("stop-damp", names, ticks, seed)
    return air[0][:, None] + warm, np.clip(air[1][:, None] + damp, 5.0, 100.0)


def _buses(
    days: Sequence[Trajectory], names: Sequence[str], ticks: Ints, air: tuple[Floats, Floats], seed: int
) -> tuple[Floats, Floats, Floats, Ints]:
    """Temperature, humidity, CO2 (whole ppm) and doors (1 open) by tick and bus."""
    shape = (len(ticks), len(names))
    if not len(ticks):
        return np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape, np.int64)
    samples = Samples(days, int(ticks[0]), int(ticks[-1]) + 1, STEP_MS)
    position = {name: i for i, name in enumerate(names)}
    bus = samples.of_day([np.array([position[name] for name in day.buses]) for day in days])
    order = time_major(samples.at, bus, int(ticks[0]), STEP_MS, len(names))
    excess, in_service = (
        _excess(samples, days)[order].reshape(shape),
        _in_service(samples, days)[order].reshape(shape),
    )
    opened = samples.column("doors") & (samples.at >= samples.column("opens"))
    outside, damp = air[0][:, None], air[1][:, None]
    base = outside + in_service * (np.clip(outside, HEATED_TO_C, COOLED_TO_C) - outside)
    warm = base + PEOPLE_C_PER_PPM * excess + BUS_NOISE_C * _noise("cabin-air", names, ticks, seed)
    moist = damp * vapour(outside) / vapour(base) + PEOPLE_HUMIDITY_PER_PPM * excess
    moist = moist + BUS_NOISE_HUMIDITY * _noise("cabin-damp", names, ticks, seed)
    doors = opened[order].reshape(shape).astype(np.int64)
    return warm, np.clip(moist, 5.0, 100.0), np.rint(cabin.OUTDOOR_PPM + excess), doors


def _excess(samples: Samples, days: Sequence[Trajectory]) -> Floats:
    """CO2 above outdoors, ppm: each leg's solution from its start."""
    begins, opens, load = (samples.column(name) for name in ("begins", "opens", "load"))
    per_person = [np.array([cabin.source_ppm_per_s(c) for c in day.capacities]) for day in days]
    shut_s = (np.minimum(samples.at, opens) - begins) / 1000
    open_s = np.maximum(samples.at - opens, 0) / 1000
    factor, added = cabin.pieces(shut_s, open_s, load * samples.of_day(per_person))
    return factor * samples.column("excess") + added


def _in_service(samples: Samples, days: Sequence[Trajectory]) -> Floats:
    """1 in service, 0 parked, ramps between."""
    begins = samples.of_day([day.serves_from for day in days])
    ends = samples.of_day([day.serves_until for day in days])
    warmed = np.clip((np.minimum(samples.at, ends) - begins) / RAMP_MS, 0.0, 1.0)
    return np.maximum(warmed - np.maximum(samples.at - ends, 0) / RAMP_MS, 0.0)
