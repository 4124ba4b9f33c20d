"""Generated networks with all that a network file can say, in one time zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from simulator.geometry import cumulative_m
from simulator.network import (
    Bus,
    Departure,
    Headway,
    Hold,
    Line,
    Network,
    Pattern,
    Service,
    ShapePoint,
    Timing,
)
from simulator.network_files.timetable import schedule_fault
from simulator.types import BusId, DayType
from tests.networks import line, network, pattern, street

HOUR_S = 3600


@st.composite
def any_network(draw: st.DrawFn) -> Network:
    """A network of one to three lines on streets of their own."""
    zone = draw(st.sampled_from(("Europe/Madrid", "America/New_York")))
    lines = [draw(any_line(number, zone)) for number in range(draw(st.integers(1, 3)))]
    made = network(*lines)
    theirs = draw(st.booleans())
    stops = [replace(stop, gtfs_id=f'stop {stop.stop_id}, "A"' if theirs else "") for stop in made.stops]
    return replace(made, stops=tuple(stops))


@st.composite
def any_line(draw: st.DrawFn, number: int, zone: str) -> Line:
    """A line whose buses are home between two days."""
    places = street(draw(st.integers(3, 6)), first=10 * number + 1, row=number)
    out = draw(any_pattern(pattern(f"L{number}-0", 0, places)))
    short = pattern(f"L{number}-short", 0, places[:2])
    back = draw(any_pattern(pattern(f"L{number}-1", 1, places[::-1])))
    one_way, night = draw(st.booleans()), draw(st.booleans())
    patterns = [out, short] if one_way else [out, short, back]
    start_s = (23 if night else 6) * HOUR_S
    days = draw(st.sets(st.sampled_from(list(DayType)), min_size=1))
    tabled = draw(st.booleans())
    kind = draw(st.sampled_from((plain, by_headway, by_departures)))
    services = {
        day: draw(by_timetable(patterns, start_s) if tabled else kind(patterns, start_s))
        for day in sorted(days)
    }
    made = line(
        f"L{number}", places, patterns=patterns, services=services, night=night, first_bus=10 * number + 1
    )
    made = replace(
        made,
        buses=tuple(
            Bus(BusId(f"B{number}{i}"), draw(st.integers(20, 150)), draw(st.floats(0, 1))) for i in range(3)
        ),
        overnight=draw(any_overnight(patterns)) if tabled and not night else {},
        dates=draw(any_dates()),
        timezone=zone,
        speed_kmh=draw(st.sampled_from((None, 15.0, 31.7))),
        gtfs_id=draw(st.sampled_from(("", f"route {number}"))),
    )
    return made if schedule_fault(made) is None else replace(made, dates={}, overnight={})


@st.composite
def any_pattern(draw: st.DrawFn, plain: Pattern) -> Pattern:
    """A pattern with a bend between its stops, closed stops, and timings with timepoints."""
    if draw(st.booleans()):
        plain = bent(plain)
    inner = range(1, len(plain.stops) - 1)
    closed = draw(st.sets(st.sampled_from(inner)))
    stops = [
        replace(stop, boarding=i not in closed, alighting=i not in closed or draw(st.booleans()))
        for i, stop in enumerate(plain.stops)
    ]
    timings = draw(st.lists(any_timing(len(stops) - 1), max_size=3))
    return replace(plain, stops=tuple(stops), timings=tuple(timings))


def bent(plain: Pattern) -> Pattern:
    """A pattern with a point north of the middle of each hop."""
    places: list[tuple[float, float]] = []
    for here, there in zip(plain.stops, plain.stops[1:], strict=False):
        middle = (here.latitude + 0.0005, round((here.longitude + there.longitude) / 2, 6))
        places += [(here.latitude, here.longitude), middle]
    places.append((plain.stops[-1].latitude, plain.stops[-1].longitude))
    metres = cumulative_m(places)
    return replace(
        plain,
        shape=tuple(ShapePoint(*place, m) for place, m in zip(places, metres, strict=True)),
        stops=tuple(replace(stop, distance_m=m) for stop, m in zip(plain.stops, metres[::2], strict=True)),
    )


@st.composite
def any_timing(draw: st.DrawFn, hops: int) -> Timing:
    """Running times of 60 to 300 s, with a timepoint or none."""
    runs = draw(st.lists(st.integers(60, 300), min_size=hops, max_size=hops))
    held = draw(st.integers(0, hops - 1))
    late_s = draw(st.integers(0, 120))
    return Timing(tuple(runs), (Hold(held, sum(runs[:held]) + late_s),) if held else ())


def plain(_patterns: Sequence[Pattern], start_s: int) -> st.SearchStrategy[Service]:
    """Hours whose headways follow from the buses."""
    return st.integers(2, 5).map(lambda hours: Service(start_s, start_s + hours * HOUR_S))


def by_headway(_patterns: Sequence[Pattern], start_s: int) -> st.SearchStrategy[Service]:
    """Hours with two bands of headways and a gap between them."""
    return st.tuples(st.integers(300, 900), st.integers(300, 900)).map(
        lambda seconds: Service(
            start_s,
            start_s + 4 * HOUR_S,
            (
                Headway(start_s, start_s + HOUR_S, seconds[0]),
                Headway(start_s + 2 * HOUR_S, start_s + 4 * HOUR_S, seconds[1]),
            ),
        )
    )


def by_departures(patterns: Sequence[Pattern], start_s: int) -> st.SearchStrategy[Service]:
    """Departures on whole minutes, within hours of their own."""
    names = [each.pattern_id for each in patterns]
    each = st.tuples(st.integers(1, 100).map(lambda m: start_s + 60 * m), st.sampled_from(names))
    return st.sets(each, min_size=1, max_size=8).map(
        lambda found: Service(
            start_s, start_s + 2 * HOUR_S, (), tuple(Departure(*times) for times in sorted(found))
        )
    )


@st.composite
def by_timetable(draw: st.DrawFn, patterns: Sequence[Pattern], start_s: int) -> Service:
    """Departures on any second, with timings and blocks, from the first to the last."""
    found = draw(
        st.sets(st.tuples(st.integers(0, 7000), st.integers(0, len(patterns) - 1)), min_size=1, max_size=8)
    )
    departures = tuple(
        Departure(
            start_s + after_s,
            patterns[index].pattern_id,
            draw(timing_of(patterns[index])),
            draw(st.sampled_from(("", "one", "two"))),
        )
        for after_s, index in sorted(found, key=lambda each: (each[0], patterns[each[1]].pattern_id))
    )
    return Service(departures[0].time_s, departures[-1].time_s, (), departures)


def timing_of(of: Pattern) -> st.SearchStrategy[int | None]:
    """One of a pattern's timings, or none."""
    return st.sampled_from((None, *range(len(of.timings))))


def any_overnight(patterns: Sequence[Pattern]) -> st.SearchStrategy[Mapping[DayType, tuple[Departure, ...]]]:
    """A departure at 00:30 and one at 28:10 of Saturdays, or none."""
    name = patterns[0].pattern_id
    both = (Departure(1800, name), Departure(28 * HOUR_S + 600, name, None, "late"))
    return st.sampled_from(({}, {DayType.SATURDAY: both}))


def any_dates() -> st.SearchStrategy[Mapping[str, DayType | None]]:
    """Some dates with another day type's service, or none."""
    days = st.sampled_from(("2026-03-19", "2026-08-17", "2026-12-25", "2019-01-02"))
    kinds = st.sampled_from((None, *DayType))
    return st.dictionaries(days, kinds, max_size=3).map(lambda found: dict(sorted(found.items())))
