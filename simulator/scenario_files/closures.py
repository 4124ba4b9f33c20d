"""The sections of lines that a scenario closes or slows down, and conflicts between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from simulator.files.problems import Loc
from simulator.files.yaml_document import Document
from simulator.network import Line, Network
from simulator.network_files.checks import Found
from simulator.scenario_files.entries import LocatedEntry, of_kind, scenario_dates
from simulator.scenario_files.entry_times import overlap
from simulator.scenario_files.schema import ClosedStopEntry, ClosureEntry, SlowZoneEntry
from simulator.types import INBOUND, OUTBOUND

Road = ClosureEntry | SlowZoneEntry
Stretch = tuple[int, int, int]
"""A pattern's index, and the first and the last position in it."""


def stretches(line: Line, between: Sequence[str]) -> list[Stretch]:
    """The shortest section between two stops in each pattern that serves both."""
    found = []
    for index, pattern in enumerate(line.patterns):
        ids = [stop.stop_id for stop in pattern.stops]
        one, other = ([i for i, stop_id in enumerate(ids) if stop_id == end] for end in between)
        ways = sorted((abs(a - b), min(a, b), max(a, b)) for a in one for b in other)
        found += [(index, low, high) for _, low, high in ways[:1]]
    return found


def check_roads(document: Document, entries: Sequence[LocatedEntry], network: Network) -> Found:
    """Impossible short turns, and sections that are closed or slowed down twice at one time."""
    days = scenario_dates(document)
    roads: list[tuple[Loc, Road]] = [*of_kind(entries, ClosureEntry), *of_kind(entries, SlowZoneEntry)]
    roads.sort(key=lambda item: document.line(item[0]))
    for loc, road in roads:
        if _turns(road):
            yield from _short_turn(loc, road, network.line[road.line])
    for (first, one), (loc, other) in combinations(roads, 2):
        if one.line == other.line and overlap(one.when, other.when, days):
            conflict = _conflict(network.line[one.line], one, other)
            if conflict:
                yield (
                    loc,
                    f"{conflict} {document.place(first)}: separate them in time or place",
                )
    for loc, closed in of_kind(entries, ClosedStopEntry):
        for first, road in roads:
            if _turns(road) and closed.stop in road.between and overlap(road.when, closed.when, days):
                where = f"the closure {document.place(first)}"
                yield (
                    (*loc, "stop"),
                    f"buses turn at stop {closed.stop} for {where}: move that end of the closure",
                )


def _turns(road: Road) -> bool:
    return isinstance(road, ClosureEntry) and road.short_turn


def _short_turn(loc: Loc, road: Road, line: Line) -> Found:
    """A short turn needs both directions, whose main patterns serve the section with a stop before it."""
    mend = "give `detour_min` instead of `short_turn`"
    for direction, name in ((OUTBOUND, "outbound"), (INBOUND, "inbound")):
        main = line.main_pattern(direction)
        if main is None:
            message = f"line {line.line_id} has no {name} direction, so buses can't turn: {mend}"
            yield (*loc, "short_turn"), message
            return
        if not set(road.between) <= {stop.stop_id for stop in main.stops}:
            message = f"buses can't turn, the main {name} pattern doesn't serve both stops: {mend}"
            yield (*loc, "short_turn"), message
            return
    for index, low, high in stretches(line, road.between):
        pattern = line.patterns[index]
        if low == 0 or high == len(pattern.stops) - 1:
            message = (
                f"{pattern.pattern_id} begins or ends on the closed section, so buses can't turn before it"
            )
            yield (*loc, "between"), f"{message}: {mend}, or close less"
            return


def _conflict(line: Line, one: Road, other: Road) -> str:
    """Why two entries conflict if they overlap in time; empty if they don't."""
    shared_hops = _steps(line, one, 1) & _steps(line, other, 1)
    shared_stops = _steps(line, one, 0) & _steps(line, other, 0)
    if isinstance(one, ClosureEntry) and isinstance(other, ClosureEntry):
        if shared_hops:
            return "this section is closed at that time already, by the closure"
        if shared_stops and one.short_turn and other.short_turn:
            return "buses would turn at one stop from both sides, as they turn there for the closure"
    elif shared_hops and (_turns(one) or _turns(other)):
        return "no bus runs here at that time, as buses turn before it for the closure"
    return ""


def _steps(line: Line, road: Road, skipped: int) -> set[tuple[int, int]]:
    """(pattern, position) of a section's stops; with `skipped` 1 its hops, by the stop they lead to."""
    return {
        (index, position)
        for index, low, high in stretches(line, road.between)
        for position in range(low + skipped, high + 1)
    }
