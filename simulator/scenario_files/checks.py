"""Checks between the entries of a scenario file, and against the network.

They take the valid entries; the schema reports the others. An entry that names an unknown line, stop or bus
is left out of checks that need it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import combinations

from simulator.files.problems import Faults, Loc
from simulator.files.yaml_document import Document
from simulator.network import Line, Network
from simulator.network_files.checks import Found, find
from simulator.network_files.schema import Entry
from simulator.network_files.timetable import HOME_SPEED_KMH, clock, schedule_fault
from simulator.scenario.spans import WHOLE_DAY, Period, Span
from simulator.scenario_files.closures import check_roads
from simulator.scenario_files.entries import LocatedEntry, located_entries, of_kind, scenario_dates
from simulator.scenario_files.entry_times import dates_near, is_empty, overlap, spoken_bounds
from simulator.scenario_files.fields import YEARS
from simulator.scenario_files.references import Known, check_names, extra_buses, known
from simulator.scenario_files.schema import (
    BreakdownEntry,
    ClockEntry,
    ClosedStopEntry,
    ClosureEntry,
    ControlChangeEntry,
    DemandEntry,
    ExtraBusesEntry,
    FaultEntry,
    SlowZoneEntry,
    SpanEntry,
    StrikeEntry,
    SurgeEntry,
    WeatherChangeEntry,
)
from simulator.service_day import day_type, service_on
from simulator.types import SECOND_MS

ALL_DAYS = (date(YEARS.start - 1, 12, 1), date(YEARS.stop, 1, 31))


def check(document: Document, network: Network) -> Faults:
    """Every conflict between the entries of a scenario file, or with the network, and its location."""
    entries = list(located_entries(document))
    things = known(document, network, entries)
    faults = [*check_names(entries, things), *_orders(document, entries)]
    broken = {loc for fault, _ in faults for loc, _ in entries if fault[: len(loc)] == loc}
    sound = [(loc, entry) for loc, entry in entries if loc not in broken and not _of_no_line(entry, things)]
    days = scenario_dates(document)
    if days is not None:
        faults += _clock(document, days)
        faults += _hours(sound, things, days)
    faults += check_roads(document, sound, network)
    faults += _breakdowns(document, sound, things)
    faults += _closed_stops(document, sound, network)
    faults += _surges(document, sound)
    faults += _strikes(document, sound)
    faults += _all_lines(document, sound)
    faults += _extra_buses(sound, network)
    return faults


def _of_no_line(entry: Entry, things: Known) -> bool:
    """Whether it is a breakdown of an extra bus whose own entry is invalid, so that its line is unknown."""
    return isinstance(entry, BreakdownEntry) and entry.bus not in things.line_of_bus


def _orders(document: Document, entries: Sequence[LocatedEntry]) -> Found:
    """Entries whose `to` isn't after `from`."""
    for loc, entry in entries:
        if isinstance(entry, (SpanEntry, BreakdownEntry)) and is_empty(entry.when):
            field = "to" if len(document.in_file((*loc, "to"))) > len(loc) else "from"
            start, end = spoken_bounds(entry.when)
            first = "at" if isinstance(entry, BreakdownEntry) else "from"
            mend = "01:30 at night is written 25:30" if isinstance(entry.when, Span) else "times are UTC here"
            yield (*loc, field), f"`to` {end} isn't after `{first}` {start}: correct them; {mend}"


def _clock(document: Document, days: tuple[date, date]) -> Found:
    for loc, data in find(document.data, ("clock",)):
        entry = document.validated(loc, data, ClockEntry, [])
        if entry is not None and not days[0] <= entry.start_on(days[0]).date() <= days[1]:
            message = f"`start` is {entry.start_on(days[0]).date()} in Madrid, which isn't one of the dates"
            yield (*loc, "start"), f"{message}: correct one of them"


def _hours(entries: Sequence[LocatedEntry], things: Known, days: tuple[date, date]) -> Found:
    """Entries at times at which none of their lines has service."""
    for loc, entry in entries:
        if isinstance(entry, FaultEntry) or not isinstance(entry, (SpanEntry, BreakdownEntry)):
            continue
        lines = _meant(entry, things)
        if not lines:
            continue
        named = f"line {lines[0].line_id} doesn't run" if len(lines) == 1 else "none of the lines runs"
        if isinstance(entry.when, Period):
            yield from _period_hours(loc, entry, lines, named)
            continue
        at = isinstance(entry, BreakdownEntry)
        running = [span for line in lines for span in _running(line, days, on_the_way=not at)]
        if not running:
            yield loc, f"{named} on the scenario's dates: change one of them"
        elif isinstance(entry, BreakdownEntry):
            if not any(span.start_s <= entry.when.start_s <= span.end_s for span in running):
                yield (*loc, "at"), f"{named} at {clock(entry.when.start_s)}, but {_spans(running)}"
        elif not any(overlap(entry.when, span, days) for span in running):
            said = f"from {clock(entry.when.start_s)} to {clock(entry.when.end_s)}"
            yield (*loc, "from"), f"{named} {said}, but {_spans(running)}"


def _period_hours(loc: Loc, entry: SpanEntry | BreakdownEntry, lines: Sequence[Line], named: str) -> Found:
    """An entry between two instants at which none of its lines has service."""
    period, at = entry.when, isinstance(entry, BreakdownEntry)
    if not isinstance(period, Period) or period.start is None or period.end is None:
        return
    # A breakdown begins while the line runs; other entries apply at some instant at which it does.
    wanted = Period(period.start, period.start + SECOND_MS) if at else period
    for day in dates_near(wanted, ALL_DAYS):
        for line in lines:
            for span in _running(line, (day, day), on_the_way=not at):
                if overlap(span, wanted, (day, day)):
                    return
    start, end = spoken_bounds(period)
    said = f"at {start}" if at else f"from {start} to {end}"
    yield (*loc, "at" if at else "from"), f"{named} {said}: correct the time"


def _spans(running: Sequence[Span]) -> str:
    """The hours of up to three lines, and how to mend the entry."""
    hours = dict.fromkeys(f"{clock(span.start_s)} to {clock(span.end_s)}" for span in running)
    some = f"{', '.join(list(hours)[:3])}{' …' if len(hours) > 3 else ''}"
    return f"{some}: correct the time; 01:30 at night is written 25:30"


def _meant(entry: Entry, things: Known) -> Sequence[Line]:
    """The lines to which a valid entry applies."""
    network = things.network
    if isinstance(entry, BreakdownEntry):
        return [things.line_of_bus[entry.bus]]
    if isinstance(entry, (ClosureEntry, SlowZoneEntry)):
        return [network.line[entry.line]]
    if isinstance(entry, ClosedStopEntry):
        return _serving(entry.stop, network)
    if isinstance(entry, SurgeEntry):
        return [network.line[name] for name in entry.lines] or _serving(entry.stop, network)
    if isinstance(entry, DemandEntry):
        lines = [network.line[name] for name in entry.lines] or network.lines
        return [line for line in lines if not entry.stops or line.stop_ids.intersection(entry.stops)]
    return ()


def _serving(stop_id: str, network: Network) -> list[Line]:
    return [network.line[line_id] for line_id in network.lines_of_stop[stop_id]]


def _running(line: Line, days: tuple[date, date], *, on_the_way: bool) -> Iterator[Span]:
    """A line's hours by day type, to its last departure or (`on_the_way`) until the last bus arrives."""
    first, last = days
    dates = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    kinds = {day_type(day) for day in dates}
    longest_m = max(pattern.stops[-1].distance_m for pattern in line.patterns)
    trip_s = round(longest_m * 3.6 / HOME_SPEED_KMH) if on_the_way else 0
    running = [service for kind, service in line.services.items() if kind in kinds]
    if line.overnight or line.dates:
        running = [service for day in dates if (service := service_on(line, day)) is not None]
    hours = dict.fromkeys((service.start_s, service.end_s + trip_s) for service in running)
    yield from (Span(*each) for each in hours)


def _breakdowns(document: Document, entries: Sequence[LocatedEntry], things: Known) -> Found:
    days, breakdowns = scenario_dates(document), of_kind(entries, BreakdownEntry)
    for (first, one), (loc, other) in combinations(breakdowns, 2):
        if one.bus == other.bus and overlap(one.when, other.when, days, touch=True):
            there = f"has broken down at that time already, {document.place(first)}"
            yield (*loc, "at"), f"bus {one.bus} {there}: separate the two breakdowns"
    strikes = [entry for _, entry in of_kind(entries, StrikeEntry) if entry.share == 1]
    all_out = [entry for entry in strikes if entry.when == WHOLE_DAY]
    for loc, entry in breakdowns:
        line_id = things.line_of_bus[entry.bus].line_id
        if any(not strike.lines or line_id in strike.lines for strike in all_out):
            message = f"all of line {line_id} is on strike, bus {entry.bus} may not run"
            yield (*loc, "bus"), f"{message}: lower the strike's share, or remove one of the two"


def _closed_stops(document: Document, entries: Sequence[LocatedEntry], network: Network) -> Found:
    """Closed terminals, and stops that are closed twice at one time."""
    days, closed = scenario_dates(document), of_kind(entries, ClosedStopEntry)
    for loc, entry in closed:
        for line in _serving(entry.stop, network):
            if any(entry.stop in (p.stops[0].stop_id, p.stops[-1].stop_id) for p in line.patterns):
                message = f"trips of line {line.line_id} begin or end at stop {entry.stop}"
                yield (*loc, "stop"), f"{message}, so it can't be closed: choose a stop between terminals"
                break
    for (first, one), (loc, other) in combinations(closed, 2):
        if one.stop == other.stop and overlap(one.when, other.when, days):
            there = f"is closed at that time already, {document.place(first)}"
            yield (*loc, "stop"), f"stop {one.stop} {there}: merge the two"


def _surges(document: Document, entries: Sequence[LocatedEntry]) -> Found:
    """Surges that overlap at a stop, or at a closed stop."""
    days, surges = scenario_dates(document), of_kind(entries, SurgeEntry)
    for loc, surge in surges:
        if surge.ends is None and not isinstance(surge.starts, datetime):
            yield loc, "`to` is missing: add it"
    for (first, one), (loc, other) in combinations(surges, 2):
        common = not one.lines or not other.lines or set(one.lines) & set(other.lines)
        if one.stop == other.stop and common and overlap(one.when, other.when, days):
            there = f"has a surge at that time already, {document.place(first)}"
            yield (*loc, "stop"), f"stop {one.stop} {there}: merge the two"
    for loc, surge in surges:
        for first, closed in of_kind(entries, ClosedStopEntry):
            if surge.stop == closed.stop and overlap(surge.when, closed.when, days):
                there = f"is closed at that time, {document.place(first)}"
                yield (*loc, "stop"), f"stop {surge.stop} {there}: choose another stop or time"


def _strikes(document: Document, entries: Sequence[LocatedEntry]) -> Found:
    """Lines with two strikes at one time; a strike of all lines counts as one of its own."""
    days = scenario_dates(document)
    seen: dict[str, list[tuple[Loc, StrikeEntry]]] = {}
    for loc, entry in of_kind(entries, StrikeEntry):
        for i, name in enumerate(entry.lines or [""]):
            for first, other in seen.get(name, []):
                if overlap(entry.when, other.when, days):
                    whose = f"line {name} has" if name else "all lines have"
                    where = (*loc, "lines", i) if name else loc
                    yield where, f"{whose} a strike already, {document.place(first)}: remove one"
                    break
            seen.setdefault(name, []).append((loc, entry))


def _all_lines(document: Document, entries: Sequence[LocatedEntry]) -> Found:
    """Changes of the weather, or of the headway control, at a time that has one already."""
    days = scenario_dates(document)
    for kind, name in ((WeatherChangeEntry, "other weather"), (ControlChangeEntry, "another control")):
        for (first, one), (loc, other) in combinations(of_kind(entries, kind), 2):
            if overlap(one.when, other.when, days):
                yield loc, f"there is {name} at that time already, {document.place(first)}: end that first"


def _extra_buses(entries: Sequence[LocatedEntry], network: Network) -> Found:
    taken = network.line_of_bus.keys() | network.stop.keys()
    clashing: dict[Loc, str] = {}
    for loc, _, bus_id in extra_buses(network, entries):
        if bus_id in taken:
            clashing.setdefault(loc, bus_id)
    for loc, bus_id in clashing.items():
        yield (
            loc,
            f"the network has a bus or stop {bus_id} already: give it another id in the network file",
        )
    for loc, entry in of_kind(entries, ExtraBusesEntry):
        line = network.line[entry.line]
        largest = max(line.buses, key=lambda bus: bus.capacity)
        fault = schedule_fault(replace(line, buses=(replace(largest, capacity=entry.capacity),)))
        if entry.capacity > largest.capacity and fault is not None:
            yield (*loc, "capacity"), f"with buses so large the service of line {line.line_id} {fault}"
