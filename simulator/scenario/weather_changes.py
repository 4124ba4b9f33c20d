"""Entries that change the weather."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from simulator.scenario.digest import LATER
from simulator.scenario.spans import Period, Span


class Rain(StrEnum):
    """AEMET's intensities: up to 2 mm/h, up to 15, up to 30."""

    LIGHT = "light"
    MODERATE = "moderate"
    HEAVY = "heavy"


@dataclass(frozen=True, slots=True)
class Weather:
    """Changes to the weather: °C and points of humidity, faded in and out over two hours; and rain."""

    temperature_c: float = 0.0
    humidity: float = 0.0
    rain: Rain | None = None


@dataclass(frozen=True, slots=True)
class WeatherChange:
    """Weather in a part of the day, in addition to the days' own; of two rains the heavier counts."""

    weather: Weather
    span: Span
    period: Period | None = field(default=None, metadata=LATER)
