"""Madrid's weather as a function of absolute UTC time and the seed alone.

Monthly climate of Madrid-Retiro 1981–2010 (AEMET, Valores climatológicos normales), a daily wave that
peaks in mid-afternoon, and smooth keyed noise for the days' and hours' departures from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator import randomness
from simulator.scenario import Rain, Scenario
from simulator.service_day import origin_ms
from simulator.types import HOUR_MS, MINUTE_MS

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
    return randomness.interpolate(knots, year_part * 12 + 0.5)


Air: TypeAlias = Callable[[Ints], tuple[Floats, Floats]]
"""Temperature (°C) and humidity (%) at instants."""


@dataclass(frozen=True, slots=True)
class OtherWeather:
    """°C and % of humidity to add from `starts` to `ends` (ms since the epoch), fading in and out."""

    starts: int
    ends: int
    temperature_c: float
    humidity: float

    def part(self, instants: Ints) -> Floats:
        """The part of the change that applies at instants, 0 to 1."""
        since = np.clip((instants - self.starts) / FADE_MS, 0.0, 1.0)
        left: Floats = np.clip((self.ends - instants) / FADE_MS, 0.0, 1.0)
        return since * left


def other_weather(scenario: Scenario) -> OtherWeather | None:
    """How a scenario changes the weather of its days; None if it doesn't."""
    wanted = scenario.weather
    damp = wanted.humidity + (RAIN_HUMIDITY[wanted.rain] if wanted.rain else 0.0)
    if not (wanted.temperature_c or damp):
        return None
    ends = origin_ms(scenario.last_day + timedelta(days=1))
    return OtherWeather(origin_ms(scenario.first_day), ends, wanted.temperature_c, damp)


def weather(seed: int, instants: Ints, other: OtherWeather | None = None) -> tuple[Floats, Floats]:
    """Outdoor temperature (°C) and relative humidity (%) at instants (ms since the epoch)."""
    year_part = (instants % YEAR_MS) / YEAR_MS
    keys = np.array(
        [[randomness.key(seed, "weather", name)] for name in ("days", "hours", "damp")], np.uint64
    )
    days = randomness.smooth(keys[:1], instants / (2 * DAY_MS))[0]
    hours = randomness.smooth(keys[1:2], instants / (3 * HOUR_MS))[0]
    damp = randomness.smooth(keys[2:], instants / (2 * DAY_MS))[0]
    minute = ((instants - WARMEST_MS) % DAY_MS) / MINUTE_MS
    wave = randomness.interpolate(DAILY_WAVE, minute)
    above = _by_month(RANGE_C, year_part) / 2 * wave + HOURS_NOISE_C * hours
    temperature = _by_month(MEAN_C, year_part) + above + DAYS_NOISE_C * days
    humidity = _by_month(HUMIDITY, year_part) - HUMIDITY_PER_C * above + DAYS_NOISE_HUMIDITY * damp
    if other is not None:
        # Clipped to the extremes, except where the ordinary weather is beyond them already.
        wanted = temperature + other.temperature_c * other.part(instants)
        temperature = np.clip(wanted, np.minimum(temperature, COLDEST_C), np.maximum(temperature, HOTTEST_C))
        humidity = humidity + other.humidity * other.part(instants)
    return temperature, np.clip(humidity, 12.0, 98.0)
