"""Madrid's weather as a function of absolute UTC time and the seed alone.

Monthly climate of Madrid-Retiro 1981–2010 (AEMET, Valores climatológicos normales), a daily wave that
peaks in mid-afternoon, and smooth keyed noise for the days' and hours' departures from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.network import DAY_S
from simulator.randomness import random_numbers
from simulator.randomness.keys import random_key
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import WHOLE_DAY
from simulator.scenario.weather_changes import Rain, Weather
from simulator.service_day import origin_ms
from simulator.types import HOUR_MS, MINUTE_MS, SECOND_MS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEAN_C = (6.3, 7.9, 11.2, 12.9, 16.7, 22.2, 25.6, 25.1, 20.9, 15.1, 9.9, 6.9)
RANGE_C = (7.2, 8.5, 10.1, 10.3, 11.2, 12.7, 13.2, 12.8, 11.2, 9.0, 7.6, 6.5)
"""Mean of the days' highest less lowest temperature."""
HUMIDITY = (71.0, 65.0, 55.0, 56.0, 53.0, 44.0, 38.0, 41.0, 50.0, 64.0, 70.0, 74.0)
"""Mean relative humidity, %."""

RAIN_HUMIDITY = {Rain.LIGHT: 15.0, Rain.MODERATE: 22.0, Rain.HEAVY: 28.0}
COLDEST_C, HOTTEST_C = -3.0, 44.0
"""A scenario's weather is clipped to these: heated from there in half an hour, a bus's air dries no faster
than invariant I8 allows (a °C takes some 7 % of the humidity)."""
FADE_MS = 2 * HOUR_MS
"""A scenario's weather fades in and out over two hours."""

DAY_MS = 86_400_000
YEAR_MS = 31_556_952_000
"""A mean Gregorian year."""
WARMEST_MS = 15 * HOUR_MS
"""The day's warmest moment, UTC."""
DAILY_WAVE = np.array([round(math.cos(2 * math.pi * k / 1440), 9) for k in range(1441)])

DAYS_NOISE_C, HOURS_NOISE_C = 4.5, 1.2
DAYS_NOISE_HUMIDITY, HUMIDITY_PER_C = 12.0, 1.9
"""Days are up to 12 points damper or drier; a degree above the day's mean dries the air by 1.9 points."""


def _by_month(values: tuple[float, ...], year_part: Floats) -> Floats:
    """Values at parts of the year, monthly means joined mid-month to mid-month."""
    knots = np.array([values[-1], *values, values[0], values[1]])
    return random_numbers.interpolate(knots, year_part * 12 + 0.5)


Air: TypeAlias = Callable[[Ints], tuple[Floats, Floats]]
"""Temperature (°C) and humidity (%) at instants."""


@dataclass(frozen=True, slots=True)
class OtherWeather:
    """°C and % of humidity to add from `starts` to `ends` (ms since the epoch; None: for ever).

    It fades in from its start. It has faded out at its end, or (`fades_after`) fades out from its end on,
    like a change whose end isn't known before it comes.
    """

    starts: int
    ends: int | None
    temperature_c: float
    humidity: float
    fades_after: bool = False

    def part(self, instants: Ints) -> Floats:
        """The part of the change that applies at instants, 0 to 1."""
        if not self.fades_after and self.ends is not None:
            since = np.clip((instants - self.starts) / FADE_MS, 0.0, 1.0)
            left: Floats = np.clip((self.ends - instants) / FADE_MS, 0.0, 1.0)
            return since * left
        until = instants if self.ends is None else np.minimum(instants, self.ends)
        reached: Floats = np.clip((until - self.starts) / FADE_MS, 0.0, 1.0)
        return np.maximum(reached - (instants - until) / FADE_MS, 0.0)


def other_weather(scenario: Scenario) -> tuple[OtherWeather, ...]:
    """How a scenario changes the weather of its days, and in parts of them."""
    found: list[OtherWeather] = []
    days = (scenario.last_day - scenario.first_day).days + 1
    origins = [origin_ms(scenario.first_day + timedelta(days=number)) for number in range(days + 1)]
    of_days = _added(scenario.weather)
    if of_days is not None:
        found.append(OtherWeather(origins[0], origins[-1], *of_days))
    for change in scenario.weather_changes:
        added, period = _added(change.weather), change.period
        if added is None:
            continue
        if period is not None:
            found.append(OtherWeather(period.start or 0, period.end, *added, fades_after=True))
            continue
        # Without an end of its own it lasts until midnight, when the next day's may begin.
        end_s = min(change.span.end_s, DAY_S) if change.span.end_s == WHOLE_DAY.end_s else change.span.end_s
        for origin in origins[:-1]:
            starts, ends = (origin + second * SECOND_MS for second in (change.span.start_s, end_s))
            found.append(OtherWeather(starts, ends, *added, fades_after=True))
    return tuple(found)


def _added(weather: Weather) -> tuple[float, float] | None:
    """°C and % of humidity that a weather adds; None for nothing."""
    damp = weather.humidity + (RAIN_HUMIDITY[weather.rain] if weather.rain else 0.0)
    return (weather.temperature_c, damp) if weather.temperature_c or damp else None


def weather(seed: int, instants: Ints, other: Sequence[OtherWeather] = ()) -> tuple[Floats, Floats]:
    """Outdoor temperature (°C) and relative humidity (%) at instants (ms since the epoch)."""
    year_part = (instants % YEAR_MS) / YEAR_MS
    keys = np.array([[random_key(seed, "weather", name)] for name in ("days", "hours", "damp")], np.uint64)
    days = random_numbers.smooth(keys[:1], instants / (2 * DAY_MS))[0]
    hours = random_numbers.smooth(keys[1:2], instants / (3 * HOUR_MS))[0]
    damp = random_numbers.smooth(keys[2:], instants / (2 * DAY_MS))[0]
    minute = ((instants - WARMEST_MS) % DAY_MS) / MINUTE_MS
    wave = random_numbers.interpolate(DAILY_WAVE, minute)
    above = _by_month(RANGE_C, year_part) / 2 * wave + HOURS_NOISE_C * hours
    temperature = _by_month(MEAN_C, year_part) + above + DAYS_NOISE_C * days
    humidity = _by_month(HUMIDITY, year_part) - HUMIDITY_PER_C * above + DAYS_NOISE_HUMIDITY * damp
    if other:
        # Clipped to the extremes, except where the ordinary weather is beyond them already.
        wanted = temperature
        for change in other:
            part = change.part(instants)
            wanted = wanted + change.temperature_c * part
            humidity = humidity + change.humidity * part
        temperature = np.clip(wanted, np.minimum(temperature, COLDEST_C), np.maximum(temperature, HOTTEST_C))
    return temperature, np.clip(humidity, 12.0, 98.0)
