"""The trips of several line-days by number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from simulator.day.line_day import line_day
from simulator.streams.sampling import TripIndex
from tests.networks import two_lines


def test_trips_are_numbered_across_line_days_some_of_which_have_none() -> None:
    day = line_day(two_lines().lines[0], seed=1, day=date(2026, 3, 3))
    days = [replace(day, trips=trips) for trips in ((), ("a", "b"), (), ("c",), ())]
    trips = TripIndex(days)
    numbers = trips.number(np.array([1, 1, 3, 1]), np.array([0, 1, 0, -1]))
    assert numbers.tolist() == [1, 2, 3, 0]
    assert trips.texts(numbers) == ["a", "b", "c", ""]
