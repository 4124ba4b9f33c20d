"""Compares the simulated city with the real one: published figures of Madrid's buses beside the model's.

Five service days of a network are simulated: one in August, the others in April, whose demand is about the
year's mean; on one of these buses that follow too closely are held. Each line-day is measured and dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import partial

from simulator.analysis.measures import PPM, Measures, measures, rank_correlation
from simulator.day.line_day import line_day
from simulator.day.line_day_processes import ProcessPool
from simulator.network import Line, Network
from simulator.scenario.headway_control import HeadwayControl
from simulator.scenario.line_changes import NO_CHANGES

WHOLE_NETWORK_LINES = 50
"""Most bands don't apply to networks with fewer lines, which aren't a cross-section of the city."""
EXPRESS_M = 600.0
"""A line whose stops are on average farther apart (main patterns) is an express."""
FULL = range(38, 43)
"""About 40 aboard."""


class Study(StrEnum):
    """The simulated days."""

    WEEKDAY = "weekday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    AUGUST = "august"
    HOLDING = "holding"
    """The weekday with holding."""


DATES = {
    Study.WEEKDAY: date(2026, 4, 14),
    Study.SATURDAY: date(2026, 4, 18),
    Study.SUNDAY: date(2026, 4, 19),
    Study.AUGUST: date(2026, 8, 11),
    Study.HOLDING: date(2026, 4, 14),
}
"""None of them is a public holiday."""


@dataclass(frozen=True, slots=True)
class Band:
    """The range of a measure in the real city, `low` and `high` included; None for no bound.

    `everywhere`: applies to small networks, too. `beside`: an alternative reading of the band above, shown
    but not counted.
    """

    key: str
    name: str
    unit: str
    low: float | None
    high: float | None
    decimals: int
    source: str
    everywhere: bool = False
    beside: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value lies in it."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


EMT_SPEED = "EMT Madrid, 2017: 13.16 km/h over all lines"
EMT_LINES = "EMT Madrid, 2017: speeds of individual lines"
EMT_PEOPLE = "EMT Madrid, Informe de gestión 2017"
SURVEY = "EDM 2018, the region's household survey"
TCQSM = "TCQSM, 3rd ed. (TCRP Report 165), ch. 5"
ENDS = "the nearest ends of these two bands: 0.5 and 0.4"
HOLDING = "the purpose of holding is even headways"
AIR = "what measurements in city buses commonly report; no single source"
TIMETABLE = "EMT Madrid's timetable: 2,170 with layovers of 5 min or a tenth of the trip, 1,970 without"

BANDS = (
    Band("speed", "commercial speed", "km/h", 12.5, 14.0, 2, EMT_SPEED, everywhere=True),
    Band("slowest_line", "slowest day line without expresses", "km/h", 10.0, 21.0, 2, EMT_LINES),
    Band("fastest_line", "fastest day line without expresses", "km/h", 10.0, 21.0, 2, EMT_LINES),
    Band("fastest_any", "fastest day line with expresses", "km/h", 10.0, 21.0, 2, EMT_LINES, beside=True),
    Band("boardings_a_trip", "boardings per trip", "people", 35, 50, 1, EMT_PEOPLE, everywhere=True),
    Band("saturday", "Saturday's boardings ÷ weekday's", "", 0.53, 0.63, 3, EMT_PEOPLE),
    Band("sunday", "Sunday's boardings ÷ weekday's", "", 0.39, 0.49, 3, EMT_PEOPLE),
    Band("august", "August weekday's boardings ÷ April's", "", 0.55, 0.65, 3, EMT_PEOPLE),
    Band("weekday_morning", "weekday's morning peak", "h", 8, 8, 0, SURVEY),
    Band("weekday_noon", "weekday's midday peak", "h", 14, 14, 0, SURVEY),
    Band("weekday_evening", "weekday's evening peak", "h", 17, 18, 0, SURVEY),
    Band("saturday_noon", "Saturday's midday peak", "h", 12, 13, 0, SURVEY),
    Band("saturday_evening", "Saturday's evening peak", "h", 18, 19, 0, SURVEY),
    Band("sunday_noon", "Sunday's midday peak", "h", 12, 13, 0, SURVEY),
    Band("sunday_evening", "Sunday's evening peak", "h", 18, 19, 0, SURVEY),
    Band("cv_origin", "headway CV at peak near the origin", "", 0.2, 0.4, 3, TCQSM, everywhere=True),
    Band("cv_end", "headway CV at peak near the end", "", 0.5, 0.8, 3, TCQSM, everywhere=True),
    Band(
        "cv_growth",
        "headway CV near the end ÷ near the origin",
        "",
        1.25,
        None,
        2,
        TCQSM,
        everywhere=True,
    ),
    Band("cv_holding", "headway CV near the end, with holding ÷ without", "", None, 0.95, 3, HOLDING),
    Band("boarding", "boarding time per person, by card", "s", 1.8, 2.2, 2, "TCQSM, 3rd ed., exhibit 6-4"),
    Band("co2_quiet", "cabin CO2 off-peak", "ppm", 450, 700, 0, AIR),
    Band("co2_full", "cabin CO2 with 38 to 42 aboard", "ppm", 900, 1700, 0, AIR),
    Band("co2_rank", "rank correlation of cabin CO2 and load", "", 0.8, None, 3, AIR),
    Band("co2_rank_trips", "the same, trips only", "", 0.8, None, 3, AIR, beside=True),
    Band("buses_out", "most buses out at once", "buses", 1900, 2300, 0, TIMETABLE),
    Band("buses_moving", "most buses on a trip at once", "buses", 1900, 2300, 0, TIMETABLE, beside=True),
)

PEAK_HOURS: Mapping[str, tuple[Study, range]] = {
    "weekday_morning": (Study.WEEKDAY, range(5, 11)),
    "weekday_noon": (Study.WEEKDAY, range(12, 16)),
    "weekday_evening": (Study.WEEKDAY, range(16, 22)),
    "saturday_noon": (Study.SATURDAY, range(10, 16)),
    "saturday_evening": (Study.SATURDAY, range(16, 22)),
    "sunday_noon": (Study.SUNDAY, range(10, 16)),
    "sunday_evening": (Study.SUNDAY, range(16, 22)),
}
"""The hours of the clock in which a day's peaks are searched."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A band and the measured value; None if there was nothing to measure."""

    band: Band
    value: float | None
    judged: bool

    @property
    def holds(self) -> bool | None:
        """Whether the value lies in the band; None if the band doesn't apply."""
        if not self.judged:
            return None
        return self.value is not None and self.band.holds(self.value)


def line_days(
    network: Network, *, seed: int, jobs: int = 1, studies: Iterable[Study] = tuple(Study)
) -> Iterator[tuple[Study, Measures]]:
    """Simulate and measure every line on every day of `studies`, ordered by day, then line.

    `jobs`: processes that simulate; 1 simulates in this one.
    """
    wanted = [(study, line) for study in studies for line in network.lines]
    simulate = partial(_measured, seed)
    if jobs == 1:
        yield from map(simulate, wanted)
        return
    pool = ProcessPool(jobs)
    try:
        yield from pool.map(simulate, wanted, chunksize=4)
    finally:
        pool.shutdown(cancel_futures=True)


def _measured(seed: int, job: tuple[Study, Line]) -> tuple[Study, Measures]:
    study, line = job
    changes = replace(NO_CHANGES, control=HeadwayControl.HEADWAY) if study is Study.HOLDING else NO_CHANGES
    return study, measures(line_day(line, seed=seed, day=DATES[study], changes=changes), line, DATES[study])


def added_up(measured: Iterable[tuple[Study, Measures]]) -> dict[Study, Measures]:
    """The whole network on each day."""
    days: dict[Study, Measures] = {}
    for study, each in measured:
        days[study] = days[study] + each if study in days else each
    return days


def readings(network: Network, days: Mapping[Study, Measures]) -> list[Reading]:
    """The measured value of each band, in the order of `BANDS`.

    - Commercial speed and boardings per trip are the weekday's, over all lines (see `Performance`). The
      slowest and the fastest line are chosen among lines that are neither night lines nor expresses
      (`EXPRESS_M`): an imported line has its timetable's speed, so an express along a motorway measures the
      distance between its stops rather than the model. TCQSM, too, distinguishes express and limited-stop
      from local service, by stop spacing. The reading with expresses is shown, but not counted.
    - Boardings of other days are divided by the weekday's.
    - A peak is the hour of its `PEAK_HOURS` with the most boardings, provided that the hours before and after
      it have fewer; otherwise None. 8 stands for 08:00 to 09:00.
    - Headways are those of 07–09 and 17–19 h on the weekday, see `Measures`. The CV grows at least from 0.4
      to 0.5 (the nearest ends of the two bands), and holding lowers it by at least 5 %.
    - Boarding time is the slope of `Measures.doors`, on the weekday.
    - Buses out at once: the maximum over the weekday's minutes of `Measures.out`, which counts as the
      published figure does; the other reading is that of `Measures.moving`.
    - CO2 is that of buses in service on the weekday, one value per minute, off-peak at 10–13 and 20–23 h. A
      bus's sensor reports at terminals, too, so the correlation includes those minutes; the other reading has
      trips only.
    """
    whole = len(network.lines) >= WHOLE_NETWORK_LINES
    values = {**_service(network, days), **_headways(days), **_air(days[Study.WEEKDAY])}
    values |= {key: peak(boardings(days[day]), hours) for key, (day, hours) in PEAK_HOURS.items()}
    return [Reading(band, values[band.key], whole or band.everywhere) for band in BANDS]


def _service(network: Network, days: Mapping[Study, Measures]) -> dict[str, float | None]:
    """Speeds, people and buses."""
    weekday = days[Study.WEEKDAY]
    people = {study: each.overall.boardings for study, each in days.items()}
    by_day = [line for line in network.lines if not line.night]
    ordinary = _speeds(weekday, [line for line in by_day if mean_hop_m(line) <= EXPRESS_M])
    return {
        "speed": weekday.overall.speed_kmh,
        "slowest_line": min(ordinary, default=None),
        "fastest_line": max(ordinary, default=None),
        "fastest_any": max(_speeds(weekday, by_day), default=None),
        "boardings_a_trip": _ratio(weekday.overall.boardings, weekday.overall.trips),
        **{
            study.value: _ratio(people[study], people[Study.WEEKDAY])
            for study in (Study.SATURDAY, Study.SUNDAY, Study.AUGUST)
        },
        "boarding": weekday.doors.value,
        "buses_out": int(weekday.out.max()),
        "buses_moving": int(weekday.moving.max()),
    }


def _speeds(measured: Measures, lines: Sequence[Line]) -> list[float]:
    """The commercial speeds of lines, without those that didn't run."""
    speeds = (measured.lines[line.line_id].speed_kmh for line in lines)
    return [speed for speed in speeds if speed is not None]


def mean_hop_m(line: Line) -> float:
    """The mean distance between stops along a line's main patterns, metres."""
    main = [pattern for direction in (0, 1) if (pattern := line.main_pattern(direction)) is not None]
    hops = sum(len(pattern.stops) - 1 for pattern in main)
    return sum(pattern.stops[-1].distance_m for pattern in main) / hops


def _headways(days: Mapping[Study, Measures]) -> dict[str, float | None]:
    weekday, holding = days[Study.WEEKDAY], days[Study.HOLDING]
    origin, end = weekday.near_origin.cv, weekday.near_end.cv
    return {
        "cv_origin": origin,
        "cv_end": end,
        "cv_growth": _ratio(end, origin),
        "cv_holding": _ratio(holding.near_end.cv, end),
    }


def _air(weekday: Measures) -> dict[str, float | None]:
    full = {code: number for code, number in weekday.air.items() if code // PPM in FULL}
    minutes, ppm = weekday.quiet
    return {
        "co2_quiet": _ratio(ppm, minutes),
        "co2_full": mean_ppm(full),
        "co2_rank": rank_correlation(weekday.air),
        "co2_rank_trips": rank_correlation(weekday.trip_air),
    }


def mean_ppm(air: Mapping[int, int]) -> float | None:
    """The mean CO2 of some minutes of `Measures.air`; None without any."""
    return _ratio(sum(code % PPM * number for code, number in air.items()), sum(air.values()))


def boardings(measured: Measures) -> list[int]:
    """People who boarded, by hour of the clock."""
    return [hour.boardings for hour in measured.hours]


def peak(by_hour: Sequence[float], hours: range) -> float | None:
    """The hour of `hours` with the maximum; None unless it exceeds the hours before and after it."""
    most = max(hours, key=lambda hour: by_hour[hour])
    return most if by_hour[most - 1] < by_hour[most] > by_hour[most + 1] else None


def _ratio(above: float | None, below: float | None) -> float | None:
    """The ratio; None if a value is missing or the denominator is 0."""
    return above / below if above is not None and below else None
