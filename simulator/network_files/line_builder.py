"""Builds a Line from its entry in a network file: patterns on their shapes, buses, services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from simulator.files.problems import Faults, Loc
from simulator.network import Bus, Line, Pattern, PatternStop, Timing
from simulator.network_files.route_shape import LatLon, RouteShape, straight, through
from simulator.network_files.schema import LineEntry, PatternEntry
from simulator.network_files.tables import SHAPES, TIMINGS, NetworkTables
from simulator.network_files.timetable import day_start_s, overnight, schedule_fault, scheduled, services
from simulator.types import INBOUND, OUTBOUND, BusId, DayType, LineId, StopId

MAX_OFF_SHAPE_M = 200.0
"""A stop may be so far from its line's shape; farther, one of the two is wrong."""

NO_TABLES = NetworkTables()

Definitions = Mapping[str, tuple[str, float, float]]
"""Name, latitude and longitude by stop id."""


def build_line(
    entry: LineEntry,
    definitions: Definitions,
    loc: Loc,
    faults: Faults,
    tables: NetworkTables = NO_TABLES,
) -> Line:
    """The line of a valid entry at `loc`; problems of its patterns and services are added to `faults`.

    A timetable or shapes in `tables` take precedence.
    """
    inside: Faults = []
    patterns = tuple(_patterns(entry, definitions, tables, inside))
    timetable = tables.timetables.get(entry.line_id)
    buses = (Bus(BusId(bus.bus_id), bus.capacity, bus.initial_position) for bus in entry.buses)
    line = Line(
        line_id=LineId(entry.line_id),
        name=entry.name,
        patterns=patterns,
        buses=tuple(sorted(buses, key=lambda bus: bus.bus_id)),
        base_arrival_rate={StopId(stop.stop_id): stop.base_arrival_rate for stop in entry.stops},
        services=services(entry, patterns, inside)
        if timetable is None
        else scheduled(entry, timetable, inside),
        night=entry.night,
        day_start_s=day_start_s(entry.night),
        speed_kmh=entry.speed_kmh,
        gtfs_id=entry.gtfs_id,
        overnight=overnight(entry.night, timetable or {}),
        timezone=entry.timezone,
        dates={day: None if kind is None else DayType(kind) for day, kind in sorted(entry.dates.items())},
    )
    _check_timings(line, inside)
    fault = None if inside else schedule_fault(line)
    if fault is not None:
        inside.append((("hours",), f"the service {fault}"))
    faults += [((*loc, *rest), message) for rest, message in inside]
    return line


def _patterns(
    entry: LineEntry, definitions: Definitions, tables: NetworkTables, faults: Faults
) -> Iterator[Pattern]:
    if entry.patterns is None:
        yield from _listed_and_mirrored(entry, definitions, faults)
        return
    _check_directions(entry, faults)
    for i, pattern in enumerate(entry.patterns):
        direction = OUTBOUND if pattern.direction == "outbound" else INBOUND
        places = _places(pattern.stops, definitions)
        shape = _tabled(pattern, places, tables, ("patterns", i), faults)
        shape = shape or _shape(pattern.stops, places, pattern.shape, ("patterns", i), faults)
        built = _pattern(pattern.pattern_id, direction, pattern.stops, shape)
        timings = _timings(pattern, tables, ("patterns", i), faults)
        yield replace(built, stops=_ruled(built.stops, pattern, ("patterns", i), faults), timings=timings)


def _ruled(
    stops: tuple[PatternStop, ...], entry: PatternEntry, loc: Loc, faults: Faults
) -> tuple[PatternStop, ...]:
    """The stops of a pattern with the rules of its entry about boarding and alighting."""
    for name in ("no_boarding", "no_alighting"):
        beyond = [number for number in getattr(entry, name) if number > len(stops)]
        if beyond:
            said = f"`{name}` has number {beyond[0]}, but the pattern has {len(stops)} stops: correct it"
            faults.append(((*loc, name), said))
    if not (entry.no_boarding or entry.no_alighting):
        return stops
    return tuple(
        replace(
            stop,
            boarding=number not in entry.no_boarding,
            alighting=number not in entry.no_alighting,
        )
        for number, stop in enumerate(stops, 1)
    )


def _timings(pattern: PatternEntry, tables: NetworkTables, loc: Loc, faults: Faults) -> tuple[Timing, ...]:
    """The timings of a pattern in the tables."""
    timings = tuple(tables.timings.get(pattern.pattern_id, ()))
    hops = len(pattern.stops) - 1
    for number, timing in enumerate(timings, 1):
        if len(timing.runs_s) != hops or any(hold.position > hops for hold in timing.holds):
            said = (
                f"timing {number} in {TIMINGS} must have {hops} running times, one for each hop: correct it"
            )
            faults.append((loc, said))
    return timings


def _check_timings(line: Line, faults: Faults) -> None:
    """Add a fault for each pattern with departures whose timing it doesn't have."""
    count = {pattern.pattern_id: len(pattern.timings) for pattern in line.patterns}
    of_days = [*(service.departures for service in line.services.values()), *line.overnight.values()]
    used = {(each.pattern_id, each.timing) for of_day in of_days for each in of_day}
    for pattern_id, timing in sorted((name, timing) for name, timing in used if timing is not None):
        if timing >= count[pattern_id]:
            said = f"timing {timing + 1} of pattern {pattern_id} isn't in {TIMINGS}: correct it"
            faults.append((("patterns",), said))


def _listed_and_mirrored(entry: LineEntry, definitions: Definitions, faults: Faults) -> Iterator[Pattern]:
    ids = [stop.stop_id for stop in entry.stops]
    shape = _shape(ids, _places(ids, definitions), entry.shape, (), faults)
    yield _pattern(f"{entry.line_id}-{OUTBOUND}", OUTBOUND, ids, shape)
    if not entry.one_way:
        yield _pattern(f"{entry.line_id}-{INBOUND}", INBOUND, ids[::-1], shape.mirrored())


def _check_directions(entry: LineEntry, faults: Faults) -> None:
    directions = {pattern.direction for pattern in entry.patterns or ()}
    if entry.shape is not None:
        faults.append((("shape",), "a line with `patterns` has its shapes there: move it into a pattern"))
    if "outbound" not in directions:
        faults.append((("patterns",), "no outbound pattern: add one"))
    if "inbound" not in directions and not entry.one_way:
        faults.append((("patterns",), "no inbound pattern: add one, or say `one_way: true`"))
    if "inbound" in directions and entry.one_way:
        faults.append((("one_way",), "a one-way line with an inbound pattern: remove one of the two"))


def _places(ids: Sequence[str], definitions: Definitions) -> list[LatLon]:
    return [definitions[stop_id][1:] for stop_id in ids]


def _tabled(
    pattern: PatternEntry, places: list[LatLon], tables: NetworkTables, loc: Loc, faults: Faults
) -> RouteShape | None:
    """A pattern's shape in the tables; None if they have none."""
    try:
        shape = tables.shape(pattern.pattern_id, places)
    except ValueError as error:
        faults.append((loc, f"its shape in {SHAPES} {error}: correct it, or remove its rows"))
        return None
    if shape is not None and pattern.shape is not None:
        faults.append(((*loc, "shape"), f"`shape` and rows in {SHAPES}: remove one of the two"))
    return shape


def _shape(
    ids: Sequence[str], places: list[LatLon], road: Sequence[LatLon] | None, loc: Loc, faults: Faults
) -> RouteShape:
    """The shape led through the stops; straight from stop to stop, with a fault, if that fails."""
    if road is None:
        return straight(places)
    try:
        shape, away_m = through(places, road)
    except ValueError as error:
        faults.append(((*loc, "shape"), f"`shape`: {error}: reverse it, or correct the stops"))
        return straight(places)
    for stop_id, metres in zip(ids, away_m, strict=True):
        if metres > MAX_OFF_SHAPE_M:
            faults.append(
                (
                    (*loc, "shape"),
                    f"`shape` passes stop {stop_id} {metres:.0f} m away, over {MAX_OFF_SHAPE_M:.0f}, taking "
                    "the stops in their order: correct the shape or the stop's place",
                )
            )
    return shape


def _pattern(pattern_id: str, direction: int, ids: Sequence[str], shape: RouteShape) -> Pattern:
    vertices = [shape.points[i] for i in shape.stop_indexes]
    stops = (
        PatternStop(StopId(stop_id), vertex.distance_m, vertex.latitude, vertex.longitude)
        for stop_id, vertex in zip(ids, vertices, strict=True)
    )
    return Pattern(pattern_id, direction, tuple(stops), shape.points)
