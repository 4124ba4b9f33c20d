"""The stream `sensor_data`: cabins' CO2, doors and climate, and the air at the stops, every 60 s.

A cabin's climate follows from the weather, from whether the bus is in service (heated to 20 °C, cooled to
24 °C), and from the people aboard, whose warmth and moisture linger as their CO2 does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulator.day import cabin_co2
from simulator.day.trajectory import Floats, Ints, Trajectory
from simulator.randomness import random_numbers
from simulator.randomness.random_numbers import Bits
from simulator.streams.arrow_columns import batch, ids, instants
from simulator.streams.entity_index import EntityIndex
from simulator.streams.sampling import Samples, rounded
from simulator.streams.weather import Air
from simulator.types import MINUTE_MS, SECOND_MS
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
"""Streets differ: a stop is always up to so much warmer or cooler, damper or drier than the weather
station."""

COLDEST_C, HOTTEST_C = -30, 70
VAPOUR = np.array(
    [round(6.112 * math.exp(17.62 * t / (243.12 + t)), 9) for t in range(COLDEST_C, HOTTEST_C + 2)]
)
"""Saturation vapour pressure over water by whole °C, hPa (Magnus formula, WMO-No. 8, annex 4.B)."""


def vapour(temperature: Floats) -> Floats:
    """Saturation vapour pressure, hPa."""
    return random_numbers.interpolate(VAPOUR, np.clip(temperature, COLDEST_C, HOTTEST_C) - COLDEST_C)


def sensor_data(
    entities: EntityIndex, days: Sequence[Trajectory], start: int, end: int, weather: Air
) -> pa.Table:
    """Readings of every bus and stop at the ticks in [start, end)."""
    ticks = np.arange(-(-start // STEP_MS), -(-end // STEP_MS)) * STEP_MS
    width = len(entities.sensors)
    air = weather(ticks)
    shape = (len(ticks), width)
    temperature, humidity, co2 = np.empty(shape), np.empty(shape), np.zeros(shape)
    door = np.full(shape, 2, np.int32)
    temperature[:, entities.stop_entity], humidity[:, entities.stop_entity] = _stops(entities, ticks, air)
    if len(ticks):
        buses = Samples(days, int(ticks[0]), int(ticks[-1]) + 1, STEP_MS, entities)
        grid = (len(ticks), len(entities.buses))
        excess, opened = excess_ppm(buses, days).reshape(grid), _opened(buses).reshape(grid)
        warm, moist = _cabins(entities, ticks, air, excess, _in_service(buses, days).reshape(grid))
        temperature[:, entities.bus_entity], humidity[:, entities.bus_entity] = warm, moist
        co2[:, entities.bus_entity], door[:, entities.bus_entity] = (
            np.rint(cabin_co2.OUTDOOR_PPM + excess),
            opened,
        )
    index = np.tile(np.arange(width, dtype=np.int32), len(ticks))
    no_cabin = np.tile(entities.is_stop, len(ticks))
    return batch(
        Stream.SENSOR_DATA,
        {
            "time": instants(np.repeat(ticks, width)),
            "entity_id": ids(index, [name for name, _ in entities.sensors]),
            "entity_type": ids(no_cabin.astype(np.int32), ["bus", "stop"]),
            "temperature": rounded(temperature, 2).ravel(),
            "humidity": rounded(humidity, 1).ravel(),
            "co2_level": pa.array(co2.ravel().astype(np.int64), mask=no_cabin),
            "door_status": ids(door.ravel(), ["closed", "open"], missing=no_cabin),
        },
    )


def _noise(keys: Bits, ticks: Ints) -> Floats:
    """Smooth noise in [-1, 1) by tick and entity."""
    return np.ascontiguousarray(random_numbers.smooth(keys, ticks / NOISE_MS).T)


def _stops(entities: EntityIndex, ticks: Ints, air: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Temperature and humidity by tick and stop."""
    place = entities.stop_keys("stop-place")
    offset = 2.0 * random_numbers.uniform_at(place, np.arange(2, dtype=np.uint64)) - 1.0
    warm = STOP_OFFSET_C * offset[:, 0] + STOP_NOISE_C * _noise(entities.stop_keys("stop-air"), ticks)
    damp = STOP_OFFSET_HUMIDITY * offset[:, 1]
    damp = damp + STOP_NOISE_HUMIDITY * _noise(entities.stop_keys("stop-damp"), ticks)
    return air[0][:, None] + warm, np.clip(air[1][:, None] + damp, 5.0, 100.0)


def _cabins(
    entities: EntityIndex, ticks: Ints, air: tuple[Floats, Floats], excess: Floats, in_service: Floats
) -> tuple[Floats, Floats]:
    """Temperature and humidity by tick and bus."""
    outside, damp = air[0][:, None], air[1][:, None]
    base = outside + in_service * (np.clip(outside, HEATED_TO_C, COOLED_TO_C) - outside)
    warm = base + PEOPLE_C_PER_PPM * excess + BUS_NOISE_C * _noise(entities.bus_keys("cabin-air"), ticks)
    # Warming air that holds the same vapour makes it relatively drier; passengers add vapour.
    moist = damp * vapour(outside) / vapour(base) + PEOPLE_HUMIDITY_PER_PPM * excess
    moist = moist + BUS_NOISE_HUMIDITY * _noise(entities.bus_keys("cabin-damp"), ticks)
    return warm, np.clip(moist, 5.0, 100.0)


def _opened(samples: Samples) -> NDArray[np.bool_]:
    """Whether the doors are open, by sample."""
    opened: NDArray[np.bool_] = samples.column("doors") & (samples.at >= samples.column("opens"))
    return opened


def excess_ppm(samples: Samples, days: Sequence[Trajectory]) -> Floats:
    """CO2 above outdoors by sample, ppm: the mass balance solved from the start of the sample's leg."""
    begins, opens, load = (samples.column(name) for name in ("begins", "opens", "load"))
    per_person = [np.array([cabin_co2.source_ppm_per_s(c) for c in day.capacities]) for day in days]
    shut_s = (np.minimum(samples.at, opens) - begins) / 1000
    open_s = np.maximum(samples.at - opens, 0) / 1000
    factor, added = cabin_co2.coefficients(shut_s, open_s, load * samples.of_bus(per_person))
    excess: Floats = factor * samples.column("excess") + added
    return excess


def _in_service(samples: Samples, days: Sequence[Trajectory]) -> Floats:
    """How far each sample's cabin is heated or cooled: 1 in service, 0 parked, ramps of `RAMP_MS` between."""
    begins, ends = _shift(samples, days, 0)
    at, begun = samples.at, np.zeros(len(samples.at))
    level = _heated(at, begins, ends, begun)
    for number in range(1, max(len(day.service) for day in days)):
        later, until = _shift(samples, days, number)
        # A cabin that isn't cold yet when the next shift begins is warmed up from there.
        begun = _heated(later, begins, ends, begun)
        begins, ends = later, until
        level = np.where(at >= begins, _heated(at, begins, ends, begun), level)
    return level


def _shift(samples: Samples, days: Sequence[Trajectory], number: int) -> tuple[Ints, Ints]:
    """For each sample the bounds of its bus's shift with a number, from 0."""
    none = [np.full(len(day.buses), day.ends) for day in days]
    begins, ends = (
        samples.of_bus(
            [
                getattr(day.service[number], bound) if number < len(day.service) else never
                for day, never in zip(days, none, strict=True)
            ]
        )
        for bound in ("begins", "ends")
    )
    return begins, ends


def _heated(at: Ints, begins: Ints, ends: Ints, begun: Floats) -> Floats:
    """How far cabins are heated at instants, by a shift at whose beginning they were `begun`."""
    warmed = np.clip(begun + (np.minimum(at, ends) - begins) / RAMP_MS, 0.0, 1.0)
    cooled = np.maximum(at - ends, 0) / RAMP_MS
    heated: Floats = np.maximum(warmed - cooled, 0.0)
    return heated
