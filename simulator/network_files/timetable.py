"""A line's services from its entry in a network file: hours, headways and departures.

The last buses of a day must be home, and their cabins aired, before the next day's service begins. The last
departure is therefore so early that there is time for the longest trip at 10 km/h (buses really run at 13;
EMT 2017) or with a full bus boarding at every stop, for the longest empty run, and for an hour's rest. A
timetable's gaps bound the number of people who can be waiting: there the trip may take 1.5 times as long as
planned, or as long as it takes if everybody who came since the departure before boards; and it may depart as
late as a timetable's trip can.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from simulator.day import travel
from simulator.day.bus import BOARD_MS, DEAD_MS
from simulator.day.fleet import CANCELLED_S
from simulator.files.problems import Faults, Loc
from simulator.geometry import distance_m
from simulator.network import (
    DAY_S,
    MADRID_DAY_START_S,
    NIGHT_DAY_START_S,
    Departure,
    Headway,
    Line,
    Pattern,
    Service,
)
from simulator.network_files.schema import DepartureEntry, DepartureLists, HeadwayBand, LineEntry
from simulator.service_day import DOORS_EARLY_S, early, idle_start_s, late, possible_services
from simulator.types import INBOUND, OUTBOUND, DayType

SHORTEST_DAY_S = DAY_S - 3600
DEFAULT_HOURS_S = (5 * 3600 + 1800, 25 * 3600 + 1800)
DEFAULT_NIGHT_HOURS_S = (23 * 3600 + 2700, 30 * 3600)
HOUR_S = 3600
HOME_SPEED_KMH = 10.0
LATE_FACTOR = 1.5
"""One scheduled trip in a thousand takes longer than this many times its planned time."""
REST_S = 3600
"""In an hour a cabin's CO2 falls to the outdoor level and its climate to the weather's."""
ROUND_S = 300
"""A default end that must be earlier is rounded down to a multiple of this."""


Timetable = Mapping[DayType, Sequence[Departure]]
"""A line's departures, each day type's by time: as in GTFS, of a date from 00:00 on, past 24:00 at night."""


@dataclass(frozen=True, slots=True)
class _Window:
    """The hours of a day type, whether the end may be made earlier, and the field they are from."""

    start_s: int
    end_s: int
    may_shorten: bool = False
    field: str = "hours"


def clock(seconds: int) -> str:
    """Seconds of a service day as a time such as 25:30."""
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def day_start_s(night: bool) -> int:
    """The second at which a line's service day begins."""
    return NIGHT_DAY_START_S if night else MADRID_DAY_START_S


def latest_end_s(
    starts_s: Iterable[int],
    patterns: Sequence[Pattern],
    *,
    capacity: int,
    speed_kmh: float | None = None,
) -> int:
    """The last departure that lets a line's buses be home before any of the next day's starts.

    `capacity` is that of the line's largest bus.
    """
    kmh = min(HOME_SPEED_KMH, speed_kmh / 2) if speed_kmh else HOME_SPEED_KMH
    trip_s = max(_trip_s(pattern, kmh, capacity) for pattern in patterns)
    return _latest_s(starts_s, trip_s + _longest_empty_run_m(patterns) * 3.6 / kmh)


def latest_scheduled_s(starts_s: Iterable[int], line: Line) -> int:
    """The last departure of a line with a timetable that lets its buses be home before the next day."""
    trip_s = max(_scheduled_trip_s(line, pattern) for pattern in line.patterns)
    empty_s = _longest_empty_run_m(line.patterns) / travel.empty_speed(line) / 1000
    return _latest_s(starts_s, CANCELLED_S + trip_s + LATE_FACTOR * empty_s)


def _latest_s(starts_s: Iterable[int], home_s: float) -> int:
    """The last departure after which buses have `home_s` to get home, and then their rest."""
    return min(starts_s) - DOORS_EARLY_S + SHORTEST_DAY_S - int(home_s + REST_S) - 1


def _scheduled_trip_s(line: Line, pattern: Pattern) -> float:
    """Seconds of a slow scheduled trip, at the slowest hour."""
    hops = travel.hops(pattern, line.speed_kmh)
    planned_s = travel.pattern_trip_s(pattern, hops, min(travel.WEEKDAY_SPEED))
    direction = {each.pattern_id: each.direction for each in line.patterns}
    gap_s = 0
    for service in possible_services(line):
        times = [d.time_s for d in service.departures if direction[d.pattern_id] == pattern.direction]
        gap_s = max([gap_s, *(after - before for before, after in itertools.pairwise(times))])
    per_minute = sum(line.base_arrival_rate[stop.stop_id] for stop in pattern.stops)
    most = max(bus.capacity for bus in line.buses) * len(hops)
    boarding_ms = min(per_minute * (gap_s + CANCELLED_S) / 60, most) * BOARD_MS
    return max(LATE_FACTOR * planned_s, planned_s + len(hops) * DEAD_MS / 1000 + boarding_ms / 1000)


def _trip_s(pattern: Pattern, kmh: float, capacity: int) -> float:
    """Seconds of a slow trip: at `kmh` overall, or twice that with a full bus's boarding at every stop."""
    run_s = pattern.stops[-1].distance_m * 3.6 / kmh
    return max(run_s, run_s / 2 + len(pattern.stops) * (DEAD_MS + capacity * BOARD_MS) / 1000)


def _longest_empty_run_m(patterns: Sequence[Pattern]) -> float:
    """Metres of the longest straight line from a pattern's last stop to a pattern's first."""
    ways = [(pattern.stops[-1], other.stops[0]) for pattern in patterns for other in patterns]
    return max(distance_m(a.latitude, a.longitude, b.latitude, b.longitude) for a, b in ways)


def schedule_fault(line: Line) -> str | None:
    """Why a line's buses can't be home before the next day's service begins; None if they can."""
    if not line.services and not line.overnight:
        return "never runs: give the line hours on some day type"
    starts = [service.start_s for service in line.services.values()]
    if min(starts, default=line.day_start_s) < line.day_start_s:
        return (
            f"begins at {clock(min(starts))}, before its service day does ({clock(line.day_start_s)}): times "
            "after midnight are written 25:30, and a line that runs at night has `night: true`"
        )
    is_idle = len(line.services) < len(DayType) or None in line.dates.values()
    idle_from = [idle_start_s(line) + DOORS_EARLY_S] if is_idle else []
    starts += _overnight_starts_s(line)
    if any(service.departures for service in possible_services(line)):
        latest = latest_scheduled_s([*starts, *idle_from], line)
    else:
        capacity = max(bus.capacity for bus in line.buses)
        latest = latest_end_s(
            [*starts, *idle_from], line.patterns, capacity=capacity, speed_kmh=line.speed_kmh
        )
    end = max([*(service.end_s for service in line.services.values()), *_overnight_ends_s(line)])
    if end > latest and latest < 0:
        return (
            "has trips that take so long that no bus can be home and rested before the same time the next day"
        )
    if end > latest:
        return (
            f"has last departures at {clock(end)}, too late for buses to be home and rested before "
            f"{clock(min([*starts, *idle_from]))} the next day, also on the day of 23 hours: end by "
            f"{clock(latest)} or begin later"
        )
    return None


def _overnight_starts_s(line: Line) -> list[int]:
    """The earliest that departures of the date before begin a line-day: on a day after one of 25 hours."""
    first = (of_day[0].time_s for kind in DayType if (of_day := late(line, kind)))
    return [time_s - DAY_S - HOUR_S for time_s in first]


def _overnight_ends_s(line: Line) -> list[int]:
    """The last departures of neighbouring dates in a line-day, on the scale of a line-day of 23 hours."""
    early_s = [of_day[-1].time_s for kind in DayType if (of_day := early(line, kind))]
    late_s = [of_day[-1].time_s for kind in DayType if (of_day := late(line, kind))]
    return [*(time_s + SHORTEST_DAY_S for time_s in early_s), *(time_s - SHORTEST_DAY_S for time_s in late_s)]


def services(entry: LineEntry, patterns: Sequence[Pattern], faults: Faults) -> Mapping[DayType, Service]:
    """The services of a line with these patterns; problems are added to `faults`."""
    if entry.headway_min is not None and entry.departures is not None:
        faults.append((("headway_min",), "`headway_min` and `departures`: remove one of the two"))
    start_s = day_start_s(entry.night)
    running = [day for day in DayType if _runs(entry, day)]
    windows = {day: _window(entry, day, start_s) for day in running}
    starts = [window.start_s for window in windows.values()]
    if len(windows) < len(DayType):
        starts.append(start_s + DOORS_EARLY_S)
    latest = latest_end_s(
        starts,
        patterns,
        capacity=max(bus.capacity for bus in entry.buses),
        speed_kmh=entry.speed_kmh,
    )
    # Only default ends are moved; hours that the file gives are checked by `schedule_fault`.
    latest = latest // ROUND_S * ROUND_S
    result = {}
    for day, window in windows.items():
        end_s = min(window.end_s, latest) if window.may_shorten else window.end_s
        if end_s < window.start_s:
            too_long = "the line is too long for the default hours: give it `hours`"
            disorder = f"`{window.field}` ends before it begins: put its times in order"
            faults.append(((window.field, day), too_long if window.may_shorten else disorder))
            continue
        headways = tuple(_headways(entry, day, (window.start_s, end_s), faults))
        departures = tuple(_departures(entry, day, (window.start_s, end_s), patterns, faults))
        result[day] = Service(window.start_s, end_s, headways, departures)
    return result


def scheduled(entry: LineEntry, timetable: Timetable, faults: Faults) -> Mapping[DayType, Service]:
    """The services of a timetable in timetable.csv, each from its first to its last departure.

    They have the departures within the line-day; see `overnight` for the others.
    """
    for name in ("hours", "headway_min", "departures"):
        if getattr(entry, name) is not None:
            faults.append(((name,), f"`{name}` and departures in timetable.csv: remove one of the two"))
    within = {day: tuple(times[_within(times, entry.night)]) for day, times in timetable.items()}
    return {
        day: Service(times[0].time_s, times[-1].time_s, (), times) for day, times in within.items() if times
    }


def overnight(night: bool, timetable: Timetable) -> Mapping[DayType, tuple[Departure, ...]]:
    """The departures of a timetable that lie in the line-days before and after their own dates."""
    beyond = {}
    for day, times in timetable.items():
        within = _within(times, night)
        beyond[day] = (*times[: within.start], *times[within.stop :])
    return {day: times for day, times in beyond.items() if times}


def _within(times: Sequence[Departure], night: bool) -> slice:
    """Which of a day type's departures, by time, lie in the line-day of their own date."""
    start_s = day_start_s(night)
    first, end = (bisect_left(times, at_s, key=attrgetter("time_s")) for at_s in (start_s, start_s + DAY_S))
    return slice(first, end)


def _runs(entry: LineEntry, day: DayType) -> bool:
    given = [field for field in (entry.hours, entry.headway_min, entry.departures) if field is not None]
    return all(field.of(day) is not None for field in given)


def _late(time_s: int, start_s: int) -> int:
    """The second that a time as written means: one before the service day's start is after midnight."""
    return time_s if time_s >= start_s else time_s + DAY_S


def _window(entry: LineEntry, day: DayType, day_start: int) -> _Window:
    default_start, default_end = DEFAULT_NIGHT_HOURS_S if entry.night else DEFAULT_HOURS_S
    hours = entry.hours.of(day) if entry.hours else None
    if hours is not None:
        start, end = hours
        # The next time of day like this: from 24:00 on, that is another day later.
        return _Window(start, end if end > start else end + DAY_S * (1 + (start - end) // DAY_S))
    times = [_late(item.time, day_start) for _, item in _entries(entry, day)]
    if times:
        return _Window(min(times), max(times), field="departures")
    bands = _bands(entry, day)
    if not bands:
        return _Window(default_start, default_end, may_shorten=True)
    first, last = bands[0].from_s, bands[-1].to_s
    start = default_start if first is None else _late(first, day_start)
    end = default_end if last is None else _late(last, day_start)
    return _Window(start, end, may_shorten=last is None, field="headway_min")


def _bands(entry: LineEntry, day: DayType) -> list[HeadwayBand]:
    return (entry.headway_min.of(day) or []) if entry.headway_min else []


def _entries(entry: LineEntry, day: DayType) -> Iterator[tuple[Loc, DepartureEntry]]:
    """The departures of a day, each with its location under the line."""
    lists = (entry.departures.of(day) if entry.departures else None) or DepartureLists()
    for name, items in (("outbound", lists.outbound), ("inbound", lists.inbound)):
        for i, item in enumerate(items):
            yield ("departures", day, name, i), item


def _headways(entry: LineEntry, day: DayType, hours: tuple[int, int], faults: Faults) -> Iterator[Headway]:
    day_start, previous = day_start_s(entry.night), hours[0]
    for i, band in enumerate(_bands(entry, day)):
        start = hours[0] if band.from_s is None else _late(band.from_s, day_start)
        end = hours[1] if band.to_s is None else _late(band.to_s, day_start)
        said = f"from {clock(start)} to {clock(end)}"
        if not previous <= start < end <= hours[1]:
            faults.append(
                (
                    ("headway_min", day, i),
                    f"`headway_min` {said} must follow the band before it and lie within the hours, "
                    f"{clock(hours[0])} to {clock(hours[1])}: put the bands in order, without overlaps",
                )
            )
        previous = end
        yield Headway(start, end, round(band.every_min * 60))


def _departures(
    entry: LineEntry, day: DayType, hours: tuple[int, int], patterns: Sequence[Pattern], faults: Faults
) -> list[Departure]:
    result = []
    day_start = day_start_s(entry.night)
    if entry.departures and not any(_entries(entry, day)):
        faults.append((("departures", day), "`departures` is empty: add some, or write `none`"))
    for loc, item in _entries(entry, day):
        time_s = _late(item.time, day_start)
        direction = OUTBOUND if loc[2] == "outbound" else INBOUND
        pattern_id = _pattern_id(item, direction, patterns)
        if pattern_id is None:
            faults.append((loc, _no_pattern(item, str(loc[2]))))
        elif not hours[0] <= time_s <= hours[1]:
            faults.append(
                (
                    loc,
                    f"departure at {clock(time_s)} is outside of the hours, {clock(hours[0])} to "
                    f"{clock(hours[1])}: change one of them",
                )
            )
        else:
            result.append(Departure(time_s, pattern_id))
    result.sort(key=lambda departure: (departure.time_s, departure.pattern_id))
    for one, other in itertools.pairwise(result):
        if one == other:
            faults.append(
                (
                    ("departures", day),
                    f"two departures at {clock(one.time_s)} on {one.pattern_id}: remove one",
                )
            )
    return result


def _pattern_id(item: DepartureEntry, direction: int, patterns: Sequence[Pattern]) -> str | None:
    of_direction = [pattern.pattern_id for pattern in patterns if pattern.direction == direction]
    if item.pattern is None:
        return of_direction[0] if of_direction else None
    return item.pattern if item.pattern in of_direction else None


def _no_pattern(item: DepartureEntry, direction: str) -> str:
    if item.pattern is None:
        return f"the line has no {direction} direction: remove this departure"
    return f"unknown pattern `{item.pattern}`: name one of the line's {direction} patterns"
