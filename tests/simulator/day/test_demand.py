from datetime import date

import numpy as np
import pytest

from simulator.day import demand
from simulator.network import Service
from simulator.randomness.keys import random_key
from simulator.service_day import day_type

HOURS = Service(19_800, 91_800)
WEEKDAY, SATURDAY, SUNDAY = date(2026, 11, 18), date(2026, 11, 21), date(2026, 11, 22)


def profile(day: date, service: Service = HOURS, *, night: bool = False) -> demand.Profile:
    return demand.profile(day, day_type(day), night=night, weekday_service=HOURS, service=service)


def total(profile: demand.Profile, service: Service = HOURS) -> float:
    return profile.at(service.end_s) - profile.at(service.start_s)


def test_the_base_rate_is_the_weekday_mean() -> None:
    assert total(profile(WEEKDAY)) == pytest.approx(72_000 * 1.06)  # November's factor


def test_day_types_have_their_ratio() -> None:
    weekday, saturday, sunday = (total(profile(day)) for day in (WEEKDAY, SATURDAY, SUNDAY))
    assert saturday / weekday == pytest.approx(0.58)
    assert sunday / weekday == pytest.approx(0.44)


def test_shorter_weekend_hours_keep_the_days_total() -> None:
    late = Service(25_200, 86_400)
    assert total(profile(SUNDAY, late), late) == pytest.approx(total(profile(SUNDAY)))


def test_a_weekday_in_august_has_forty_percent_fewer_people_than_one_in_april() -> None:
    april, august = profile(date(2026, 4, 15)), profile(date(2026, 8, 12))
    assert total(august) / total(april) == pytest.approx(0.60)
    [(in_april, _)], [(in_august, _)] = (
        demand.arrivals(each, [3], [20.0], [19_800.0], [91_800.0]) for each in (april, august)
    )
    assert len(in_august) / len(in_april) == pytest.approx(0.60, abs=0.02)


@pytest.mark.parametrize(("day", "peaks"), [(WEEKDAY, (8, 14, 18)), (SATURDAY, (12, 18)), (SUNDAY, (12, 18))])
def test_peaks_are_where_the_survey_has_them(day: date, peaks: tuple[int, ...]) -> None:
    today = profile(day)
    by_hour = [today.at((hour + 1) * 3600) - today.at(hour * 3600) for hour in range(24)]
    for peak in peaks:
        assert max(range(max(peak - 3, 0), peak + 4), key=lambda hour: by_hour[hour]) in (
            peak - 1,
            peak,
            peak + 1,
        )


def test_inverse_undoes_at() -> None:
    today = profile(WEEKDAY)
    times = np.linspace(19_800, 91_800, 1001)
    back = today.inverse(np.array([today.at(t) for t in times]))
    assert np.allclose(back, times, atol=1e-6)


def test_people_come_as_a_poisson_process() -> None:
    keys = [random_key(1, "test", str(i)) for i in range(400)]
    people = demand.arrivals(profile(WEEKDAY), keys, [0.5] * 400, [19_800.0] * 400, [91_800.0] * 400)
    counts = np.array([len(times) for times, _ in people])
    expected = 0.5 * 1.06 * 1200
    assert counts.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / 400))
    assert counts.var() / counts.mean() == pytest.approx(1, abs=0.3)  # 4 standard errors


def test_arrivals_are_ordered_and_within_the_queues_hours() -> None:
    [(times, draws)] = demand.arrivals(profile(WEEKDAY), [3], [2.0], [30_000.0], [40_000.0])
    assert np.all(np.diff(times) >= 0)
    assert times.min() >= 30_000_000
    assert times.max() < 40_000_000
    assert len(draws) == len(times)
    assert 0.4 < draws.mean() < 0.6


def test_a_queues_people_dont_depend_on_the_others() -> None:
    alone = demand.arrivals(profile(WEEKDAY), [5], [0.3], [19_800.0], [91_800.0])
    among = demand.arrivals(profile(WEEKDAY), [4, 5], [9.0, 0.3], [19_800.0] * 2, [91_800.0] * 2)
    assert np.array_equal(alone[0][0], among[1][0])
    assert np.array_equal(alone[0][1], among[1][1])


def test_nobody_comes_where_the_rate_is_zero() -> None:
    [(times, _)] = demand.arrivals(profile(WEEKDAY), [5], [0.0], [19_800.0], [91_800.0])
    assert len(times) == 0
