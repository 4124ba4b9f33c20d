"""Readings of realism: known answers by hand, the streams' own numbers, and the shipped network."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, reduce
from itertools import pairwise
from operator import add
from statistics import fmean, linear_regression, pstdev
from typing import Any

import numpy as np
import pytest

from simulator.analysis.measures import PPM, Measures, Slope, Spread, measures, rank_correlation
from simulator.analysis.performance import performance
from simulator.analysis.realism import (
    BANDS,
    DATES,
    EXPRESS_M,
    Band,
    Reading,
    Study,
    added_up,
    boardings,
    line_days,
    mean_hop_m,
    mean_ppm,
    peak,
    readings,
)
from simulator.city import City
from simulator.day.line_day import line_day
from simulator.network import Departure, Line, Network, Service, Stop
from simulator.network_files.loader import load_network
from simulator.service_day import MADRID, day_type, is_holiday
from simulator.types import DayType, StopId, to_datetime
from storage.schema import Stream
from tests.environment import soak
from tests.networks import line, street
from tests.synthetic import synthetic_network
from tests.test_house import ROOT

pytestmark = pytest.mark.integration

DAY = DATES[Study.WEEKDAY]
LINE = line("L1", street(12), buses=8, rate=0.6)
SEED = 2
COMPARED = {"saturday", "sunday", "august", "cv_holding"}
"""Bands of other days in proportion to the weekday."""


@cache
def measured() -> Measures:
    return measures(line_day(LINE, seed=SEED, day=DAY), LINE, DAY)


@cache
def streams() -> Mapping[Stream, list[dict[str, Any]]]:
    """The line-day's records, as the streams have them."""
    stops = tuple(Stop(p.stop_id, p.stop_id, p.latitude, p.longitude) for p in LINE.patterns[0].stops)
    trajectory = line_day(LINE, seed=SEED, day=DAY)
    start, end = to_datetime(trajectory.starts), to_datetime(trajectory.ends)
    tables = City(Network((LINE,), stops), seed=SEED).window(start, end, list(Stream))
    return {stream: table.to_pylist() for stream, table in tables.items()}


def trips() -> list[list[dict[str, Any]]]:
    """The visits of each trip of the day, in order."""
    by_trip: dict[str, list[dict[str, Any]]] = {}
    for visit in streams()[Stream.STOP_VISIT]:
        by_trip.setdefault(visit["trip_id"], []).append(visit)
    return [
        sorted(visits, key=lambda v: v["sequence"])
        for trip_id, visits in by_trip.items()
        if f"-{DAY:%Y%m%d}-" in trip_id
    ]


def in_service() -> list[dict[str, Any]]:
    """The positions at whole minutes of buses that have a trip of the day."""
    return [
        position
        for position in streams()[Stream.BUS_POSITION]
        if position["time"].second == 0 and f"-{DAY:%Y%m%d}-" in position["trip_id"]
    ]


def by_definition(places: Sequence[int]) -> float:
    """The CV of headways at peak, of stops at these places."""
    sums = [0.0, 0.0]
    for direction in (0, 1):
        for place in places:
            at = sorted(
                visits[place]["time"].astimezone(MADRID)
                for visits in trips()
                if visits[0]["direction"] == direction
            )
            for hours in ((7, 8), (17, 18)):
                gaps = [(b - a).total_seconds() for a, b in pairwise(at) if b.hour in hours]
                if len(gaps) >= 4:
                    sums[0] += len(gaps)
                    sums[1] += len(gaps) * pstdev(gaps) / fmean(gaps)
    return sums[1] / sums[0]


def test_headways_are_those_of_the_visits() -> None:
    found = measured()
    assert found.near_origin.cv == pytest.approx(by_definition([1, 2, 3]))
    assert found.near_end.cv == pytest.approx(by_definition([8, 9, 10]))
    assert found.along[0].cv == pytest.approx(by_definition([0, 1]))
    assert found.along[5].cv == pytest.approx(by_definition([6]))
    assert found.along[9].cv == pytest.approx(by_definition([10]))


def test_patterns_too_short_for_two_ends_have_none() -> None:
    short = line("L1", street(7), buses=8)
    found = measures(line_day(short, seed=1, day=DAY), short, DAY)
    assert found.near_origin == found.near_end == Spread()
    assert sum(spread.headways for spread in found.along) > 0


def test_stops_that_a_pattern_has_twice_have_no_headway() -> None:
    loop = [*street(6), *street(3, row=1, first=11), *street(6)[::-1][3:]]
    twice = line("L1", loop, buses=8, one_way=True)
    found = measures(line_day(twice, seed=1, day=DAY), twice, DAY)
    assert [spread.headways > 0 for spread in found.along].count(True) == 6


def test_door_time_grows_with_those_who_board() -> None:
    alone = [
        visit
        for visits in trips()
        for visit in visits[1:-1]
        if visit["boarding"] > 0 and visit["alighting"] == 0
    ]
    seconds = [(visit["time"] - visit["arrival_time"]).total_seconds() for visit in alone]
    people = [visit["boarding"] for visit in alone]
    assert measured().doors.number == len(alone) > 100
    assert measured().doors.value == pytest.approx(linear_regression(people, seconds).slope)


def test_people_and_hours_are_those_of_the_visits() -> None:
    people = Counter[int]()
    for visits in trips():
        for visit in visits:
            people[visit["time"].astimezone(MADRID).hour] += visit["boarding"]
    assert boardings(measured()) == [people[hour] for hour in range(24)]
    (whole,) = performance(line_day(LINE, seed=SEED, day=DAY))
    assert measured().lines[LINE.line_id].speed_kmh == pytest.approx(whole.speed_kmh)
    assert measured().overall.trips == len(trips())


def test_buses_out_are_on_a_trip_or_rest_after_one() -> None:
    spans = [(v[0]["bus_id"], v[0]["time"], v[-1]["arrival_time"]) for v in trips()]
    midnight = min(departs for _, departs, _ in spans).astimezone(MADRID).replace(hour=0, minute=0, second=0)
    midnight = midnight.replace(microsecond=0)

    def minutes(until: Mapping[datetime, datetime]) -> list[int]:
        counts = [0] * (72 * 60)
        for _, departs, arrives in spans:
            first, end = (
                (at - midnight).total_seconds() / 60 for at in (departs, until.get(arrives, arrives))
            )
            for minute in range(math.ceil(first), math.ceil(end)):
                counts[minute] += 1
        return counts

    rested = {}
    for bus, departs, arrives in spans:
        rest = timedelta(seconds=max(300.0, 0.1 * (arrives - departs).total_seconds()))
        again = min((d for b, d, _ in spans if b == bus and d > departs), default=arrives + rest)
        rested[arrives] = min(arrives + rest, again)
    assert measured().moving.tolist() == minutes({})
    assert measured().out.tolist() == minutes(rested)
    assert measured().out.sum() > measured().moving.sum()


def test_cabin_air_is_that_of_the_sensors() -> None:
    ppm = {
        (reading["entity_id"], reading["time"]): reading["co2_level"]
        for reading in streams()[Stream.SENSOR_DATA]
        if reading["entity_type"] == "bus"
    }
    pairs = [(p["passenger_count"], ppm[p["bus_id"], p["time"]]) for p in in_service()]
    assert measured().air == Counter(load * PPM + level for load, level in pairs)
    departs = {visits[0]["trip_id"]: visits[0]["time"] for visits in trips()}
    under_way = [
        (p["passenger_count"], ppm[p["bus_id"], p["time"]])
        for p in in_service()
        if p["time"] >= departs[p["trip_id"]]
    ]
    assert measured().trip_air == Counter(load * PPM + level for load, level in under_way)
    assert measured().trip_air.total() < measured().air.total()
    quiet = [
        ppm[p["bus_id"], p["time"]]
        for p in in_service()
        if p["time"].astimezone(MADRID).hour in (10, 11, 12, 20, 21, 22)
    ]
    assert measured().quiet == (len(quiet), sum(quiet))
    assert rank_correlation(measured().air) == pytest.approx(spearman(pairs))


def spearman(pairs: Sequence[tuple[int, int]]) -> float:
    """Pearson's correlation of mean ranks."""
    x, y = (np.array(column) for column in zip(*pairs, strict=True))
    ranks = [((v[:, None] > v).sum(axis=1) + ((v[:, None] == v).sum(axis=1) + 1) / 2) for v in (x, y)]
    return float(np.corrcoef(*ranks)[0, 1])


def test_rank_correlation_by_hand() -> None:
    rising = Counter({1 * PPM + 500: 2, 2 * PPM + 600: 1, 30 * PPM + 601: 5})
    falling = Counter({1 * PPM + 700: 2, 2 * PPM + 600: 1, 30 * PPM + 400: 5})
    assert rank_correlation(rising) == pytest.approx(1.0)
    assert rank_correlation(falling) == pytest.approx(-1.0)
    four = Counter(load * PPM + ppm for load, ppm in [(1, 500), (2, 700), (3, 600), (4, 800)])
    assert rank_correlation(four) == pytest.approx(1 - 6 * 2 / (4 * 15))
    assert rank_correlation(Counter({5 * PPM + 500: 3})) is rank_correlation(Counter()) is None


def test_scheduled_departures_that_no_bus_came_for_are_counted() -> None:
    early = tuple(Departure(25_200 + 60 * number, "L1-0") for number in range(30))
    service = Service(25_200, 30_000, departures=early)
    alone = replace(line("L1", street(12), buses=1), services={DayType.WEEKDAY: service})
    trajectory = line_day(alone, seed=1, day=DAY)
    assert measures(trajectory, alone, DAY).cancelled == 30 - len(trajectory.trips) > 20
    assert measured().cancelled == 0


def test_sums_add_up() -> None:
    assert Slope(2, 3.0, 7.0, 5.0, 11.0) + Slope(1, 3.0, 7.0, 9.0, 21.0) == Slope(3, 6.0, 14.0, 14.0, 32.0)
    assert Slope(3, 6.0, 12.0, 14.0, 28.0).value == 2.0  # (1, 2), (2, 4), (3, 6)
    assert Slope(2, 2.0, 5.0, 2.0, 5.0).value is None
    assert (Spread(4, 2.0) + Spread(1, 0.0)).cv == 0.4
    assert Spread().cv is None
    twice = measured() + measured()
    assert twice.overall.boardings == 2 * measured().overall.boardings
    assert twice.lines[LINE.line_id].trips == 2 * measured().lines[LINE.line_id].trips
    assert twice.near_end.cv == measured().near_end.cv
    assert twice.out.max() == 2 * measured().out.max()
    assert mean_ppm(twice.air) == mean_ppm(measured().air)


def test_the_mean_of_air_is_by_minutes() -> None:
    assert mean_ppm({40 * PPM + 900: 3, 41 * PPM + 1300: 1}) == 1000
    assert mean_ppm({}) is None


def test_a_peak_is_higher_than_its_neighbours() -> None:
    hours = [0, 1, 2, 5, 4, 4, 6, 7, 8]
    assert peak(hours, range(1, 6)) == 3
    assert peak(hours, range(4, 8)) is None
    assert peak([1, 3, 3, 1], range(1, 3)) is None


def test_the_studied_days_have_their_day_types() -> None:
    kinds = [day_type(DATES[study]) for study in Study]
    assert kinds == [DayType.WEEKDAY, DayType.SATURDAY, DayType.SUNDAY, DayType.WEEKDAY, DayType.WEEKDAY]
    assert not any(is_holiday(day) for day in DATES.values())


def test_a_line_with_few_stops_is_an_express() -> None:
    near, far = line("L1", street(12)), line("L2", street(4, step=0.009))
    assert mean_hop_m(near) < 300 < EXPRESS_M < mean_hop_m(far) < 800
    stops = tuple(Stop(StopId(s), s, lat, lon) for s, lat, lon in street(12))
    found = readings(Network((near, far), stops), dict.fromkeys(Study, measured_pair(near, far)))
    speeds = {reading.band.key: reading.value for reading in found}
    (alone,) = performance(line_day(near, seed=1, day=DAY))
    assert speeds["slowest_line"] == speeds["fastest_line"] == pytest.approx(alone.speed_kmh)
    (express,) = performance(line_day(far, seed=1, day=DAY))
    assert speeds["fastest_any"] == pytest.approx(express.speed_kmh)


def measured_pair(one: Line, other: Line) -> Measures:
    return reduce(add, (measures(line_day(each, seed=1, day=DAY), each, DAY) for each in (one, other)))


def test_bands_hold_their_ends_only() -> None:
    band = Band("a", "a", "", 1.0, 2.0, 0, "")
    assert [band.holds(value) for value in (0.99, 1.0, 2.0, 2.01)] == [False, True, True, False]
    assert Band("a", "a", "", None, 2.0, 0, "").holds(-100)
    assert Band("a", "a", "", 1.0, None, 0, "").holds(100)
    assert [Reading(band, value, True).holds for value in (1.0, 3.0, None)] == [True, False, False]
    assert Reading(band, 1.0, False).holds is None


def by_key(network: Network, jobs: int = 1) -> dict[str, Reading]:
    found = readings(network, added_up(line_days(network, seed=1, jobs=jobs)))
    return {reading.band.key: reading for reading in found}


@pytest.mark.long
def test_the_shipped_network_is_like_madrid() -> None:
    found = by_key(load_network(ROOT / "data/lines.yaml"))
    assert list(found) == [band.key for band in BANDS]
    judged = {key: reading.value for key, reading in found.items() if reading.judged}
    assert list(judged) == ["speed", "boardings_a_trip", "cv_origin", "cv_end", "cv_growth"]
    assert {key: value for key, value in judged.items() if not found[key].holds} == {}


@pytest.mark.long
def test_a_network_of_fifty_lines_is_judged_by_every_band() -> None:
    network = synthetic_network(50, 60, 400)
    found = by_key(network)
    assert all(reading.judged for reading in found.values())
    assert found["buses_out"].holds is False


@pytest.mark.long
def test_a_network_of_madrids_size_is_like_madrid() -> None:
    """All lines on a weekday; every third of them on the days compared with it, all in `make test-soak`."""
    network, apart = synthetic_network(), 1 if soak() else 3
    some = replace(network, lines=network.lines[::apart])
    weekday = list(line_days(network, seed=1, jobs=2, studies=[Study.WEEKDAY]))
    others = added_up(line_days(some, seed=1, jobs=2, studies=[s for s in Study if s is not Study.WEEKDAY]))
    of_some = readings(some, others | added_up(weekday[::apart]))
    of_all = readings(network, others | added_up(weekday))
    assert all(reading.judged for reading in of_some)
    for found in (of_some, [each for each in of_all if each.band.key not in COMPARED]):
        outside = [each.band.key for each in found if not each.holds and not each.band.beside]
        assert outside == ["buses_out"]  # of its 2,000 some 250 run at night only


def test_days_are_measured_alike_in_any_number_of_processes() -> None:
    network = synthetic_network(4, 8, 60)
    one, two = (added_up(line_days(network, seed=1, jobs=jobs)) for jobs in (1, 2))
    assert readings(network, one) == readings(network, two)


def test_readings_are_those_of_the_days() -> None:
    network = synthetic_network(3, 9, 40)
    parts = list(line_days(network, seed=1))
    assert [study for study, _ in parts] == [study for study in Study for _ in network.lines]
    found = {reading.band.key: reading.value for reading in readings(network, added_up(parts))}
    people = {study: sum(each.overall.boardings for day, each in parts if day is study) for study in Study}
    weekday = [each for study, each in parts if study is Study.WEEKDAY]
    assert found["august"] == people[Study.AUGUST] / people[Study.WEEKDAY]
    assert found["saturday"] == people[Study.SATURDAY] / people[Study.WEEKDAY]
    assert found["boardings_a_trip"] == people[Study.WEEKDAY] / sum(e.overall.trips for e in weekday)
    speeds = [each.overall.speed_kmh for each in weekday]
    assert found["slowest_line"] == min(speed for speed in speeds if speed is not None)
    holding, ordinary = (
        reduce(add, (each.near_end for study, each in parts if study is chosen))
        for chosen in (Study.HOLDING, Study.WEEKDAY)
    )
    assert holding.cv is not None
    assert ordinary.cv is not None
    assert found["cv_holding"] == holding.cv / ordinary.cv
