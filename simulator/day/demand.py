"""When people come to a stop, and the draw that decides where they want to go.

Arrivals for a line and direction at a stop are a non-homogeneous Poisson process: `base_arrival_rate` ×
share of the direction × profile by hour and day type × season. Rates are drawn by time change: unit
exponential gaps, summed, through the inverse of the cumulated profile (Lewis & Shedler 1979).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from simulator.network import Service
from simulator.randomness import random_numbers
from simulator.types import DayType

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEKDAY_HOURS = (
    *(0.30, 0.16, 0.06, 0.04, 0.10, 0.40, 0.85, 1.55, 1.85, 1.30, 1.05, 1.05),
    *(1.15, 1.35, 1.62, 1.25, 1.20, 1.48, 1.50, 1.30, 1.05, 0.80, 0.60, 0.45),
)
"""Weekday demand by hour of the day, peaks at 8, 14 and 17–18 h (EDM 2018, Madrid's household survey)."""
SATURDAY_HOURS = (
    *(0.40, 0.30, 0.15, 0.10, 0.12, 0.25, 0.40, 0.60, 0.75, 0.95, 1.15, 1.35),
    *(1.50, 1.48, 1.20, 0.95, 1.00, 1.20, 1.42, 1.40, 1.25, 1.00, 0.80, 0.65),
)
SUNDAY_HOURS = (
    *(0.50, 0.40, 0.25, 0.15, 0.15, 0.25, 0.30, 0.45, 0.60, 0.85, 1.10, 1.35),
    *(1.52, 1.50, 1.15, 0.90, 0.95, 1.20, 1.48, 1.45, 1.25, 0.95, 0.75, 0.60),
)
"""Weekend demand peaks at 12–13 and 18–19 h (EDM 2018)."""
NIGHT_HOURS = (
    *(1.50, 1.40, 1.10, 0.90, 0.85, 1.05, 0.80, 0.40, 0.20, 0.20, 0.20, 0.20),
    *(0.20, 0.20, 0.20, 0.20, 0.20, 0.20, 0.20, 0.20, 0.30, 0.50, 0.80, 1.20),
)

DAY_TYPE_FACTOR = {DayType.WEEKDAY: 1.0, DayType.SATURDAY: 0.58, DayType.SUNDAY: 0.44}
"""People a day against a weekday's (EMT Madrid, Informe de gestión 2017)."""
NIGHT_TYPE_FACTOR = {DayType.WEEKDAY: 1.0, DayType.SATURDAY: 1.5, DayType.SUNDAY: 1.0}

MONTH_FACTOR = (0.99, 1.04, 1.04, 1.00, 1.05, 1.01, 0.86, 0.60, 0.98, 1.07, 1.06, 0.98)
"""People a day against the year's mean; August loses 40 % (EMT Madrid, Informe de gestión 2017)."""

BIN_S = 900
MOST_DRAWS = 1_000_000
"""Draws made at once, of some 50 bytes each while they last: bounds the memory of large networks."""
EARLY_S = 600
"""People come to a stop up to ten minutes before the day's first bus."""


def _smoothed(hours: tuple[float, ...]) -> list[float]:
    """Quarter-hour weights of a day: hourly values, put at the half hours, joined by straight lines."""
    values = []
    for quarter in range(96):
        place = (quarter + 0.5) / 4 - 0.5
        low = math.floor(place)
        part = place - low
        values.append(hours[low % 24] * (1 - part) + hours[(low + 1) % 24] * part)
    return values


def _cumulated(values: list[float]) -> Floats:
    """Weighted seconds from the service day's origin to the end of each bin, over 48 hours."""
    total, result = 0.0, [0.0]
    for value in values * 2:
        total += value * BIN_S
        result.append(total)
    return np.array(result)


CUMULATED = {
    (DayType.WEEKDAY, False): _cumulated(_smoothed(WEEKDAY_HOURS)),
    (DayType.SATURDAY, False): _cumulated(_smoothed(SATURDAY_HOURS)),
    (DayType.SUNDAY, False): _cumulated(_smoothed(SUNDAY_HOURS)),
    (DayType.WEEKDAY, True): _cumulated(_smoothed(NIGHT_HOURS)),
    (DayType.SATURDAY, True): _cumulated(_smoothed(NIGHT_HOURS)),
    (DayType.SUNDAY, True): _cumulated(_smoothed(NIGHT_HOURS)),
}


@dataclass(frozen=True, slots=True)
class Profile:
    """How a line's demand varies over a date: people per second = rate × the slope of `cumulated`.

    `cumulated[k]` is the weighted seconds, mean weight 1 over a weekday's service, from the origin to
    k × BIN_S.
    """

    cumulated: Floats

    def at(self, time_s: float) -> float:
        """Weighted seconds from the origin to `time_s`, which lies within 48 hours."""
        place = time_s / BIN_S
        index = min(int(place), len(self.cumulated) - 2)
        low = float(self.cumulated[index])
        return low + (float(self.cumulated[index + 1]) - low) * (place - index)

    def inverse(self, weighted: Floats) -> Floats:
        """The seconds from the origin at which each weighted time is reached."""
        index = np.searchsorted(self.cumulated, weighted, side="right") - 1
        index = np.minimum(index, len(self.cumulated) - 2)
        low = self.cumulated[index]
        return (index + (weighted - low) / (self.cumulated[index + 1] - low)) * BIN_S


def profile(day: date, kind: DayType, *, night: bool, weekday_service: Service, service: Service) -> Profile:
    """The demand profile of a line on a date with the service of a day type.

    The base rate is the mean over `weekday_service`'s hours; the day's total against a weekday's is the
    day type's factor, whatever hours its `service` has.
    """
    weekday = Profile(CUMULATED[DayType.WEEKDAY, night])
    today = Profile(CUMULATED[kind, night])
    weekday_total = weekday.at(weekday_service.end_s) - weekday.at(weekday_service.start_s)
    today_total = today.at(service.end_s) - today.at(service.start_s)
    target_s = weekday_service.end_s - weekday_service.start_s
    factors = NIGHT_TYPE_FACTOR if night else DAY_TYPE_FACTOR
    # A single departure a day: service begins and ends at one instant, so there are no hours to average over.
    if weekday_total <= 0 or today_total <= 0:
        weekday_total = today_total = target_s = 1
    of_day = factors[kind] if kind is not DayType.WEEKDAY else 1.0
    scale = target_s / today_total * of_day * MONTH_FACTOR[day.month - 1]
    return Profile(today.cumulated * scale)


def arrivals(
    profile: Profile, keys: list[int], per_minute: list[float], opens_s: list[float], closes_s: list[float]
) -> list[tuple[Ints, Floats]]:
    """The people of each queue: arrival times in ms from the origin, ascending, and a uniform draw each.

    Queue i has stream `keys[i]`, rate `per_minute[i]` (people a minute at weight 1) and takes people in
    [opens_s[i], closes_s[i]) of the service day. The draw decides the person's destination.
    """
    rates = [value / 60 for value in per_minute]
    low = [profile.at(s) for s in opens_s]
    means = [rate * (profile.at(s) - start) for rate, s, start in zip(rates, closes_s, low, strict=True)]
    # All queues draw as many numbers as the busiest could need: its mean and eight standard deviations.
    most = math.ceil(max((mean + 8 * math.sqrt(mean) + 16 for mean in means), default=1.0))
    at_once = max(1, MOST_DRAWS // most)
    people: list[tuple[Ints, Floats]] = []
    for first in range(0, len(keys), at_once):
        draws = random_numbers.uniform(keys[first : first + at_once], 2 * most)
        # Even draws are gaps, odd ones destinations, so that a person's two draws stay together.
        sums = np.cumsum(random_numbers.exponential(draws[:, ::2].copy()), axis=1)
        for row, queue in enumerate(range(first, first + len(draws))):
            rate, count = rates[queue], int(np.searchsorted(sums[row], means[queue]))
            times_s = profile.inverse(low[queue] + sums[row, :count] / rate) if rate else sums[row, :0]
            own = draws[row, 1 : 2 * count : 2].copy()
            people.append((np.rint(times_s * 1000).astype(np.int64), own))
    return people
