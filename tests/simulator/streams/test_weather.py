from datetime import UTC, datetime

import numpy as np

from simulator.streams.weather import weather
from simulator.types import to_ms


def minutes(start: datetime, count: int) -> np.ndarray:
    return to_ms(start) + np.arange(count) * 60_000


def test_weather_depends_on_the_instant_alone() -> None:
    whole = weather(1, minutes(datetime(2026, 3, 1, tzinfo=UTC), 500))
    part = weather(1, minutes(datetime(2026, 3, 1, 1, tzinfo=UTC), 10))
    assert np.array_equal(whole[0][60:70], part[0])
    assert np.array_equal(whole[1][60:70], part[1])


def test_a_year_has_madrids_climate() -> None:
    temperature, humidity = weather(1, to_ms(datetime(2026, 1, 1, tzinfo=UTC)) + np.arange(8760) * 3_600_000)
    january, july = temperature[: 31 * 24], temperature[181 * 24 : 212 * 24]
    assert 4 < january.mean() < 9
    assert 23 < july.mean() < 28
    assert july.max() < 42
    assert january.min() > -8
    assert humidity[: 31 * 24].mean() > humidity[181 * 24 : 212 * 24].mean() + 20


def test_it_is_warmest_in_the_afternoon() -> None:
    temperature, _ = weather(1, minutes(datetime(2026, 7, 1, tzinfo=UTC), 30 * 1440))
    assert 14 <= temperature.reshape(30, 24, 60).mean(axis=(0, 2)).argmax() <= 16


def test_it_changes_slowly() -> None:
    temperature, humidity = weather(1, minutes(datetime(2026, 1, 1, tzinfo=UTC), 365 * 1440))
    assert np.abs(np.diff(temperature)).max() < 0.1
    assert np.abs(np.diff(humidity)).max() < 0.3


def test_another_seed_has_other_weather() -> None:
    at = minutes(datetime(2026, 3, 1, tzinfo=UTC), 1)
    assert weather(1, at)[0][0] != weather(2, at)[0][0]
