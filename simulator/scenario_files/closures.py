"""Which stretches of a line a scenario closes or slows down, and whether two of them can be at one time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from simulator.files.problems import Loc
from simulator.files.yaml_document import Document
from simulator.network import Line, Network
from simulator.network_files.checks import Found
from simulator.scenario import Span
from simulator.scenario_files.entries import LocatedEntry, of_kind
from simulator.scenario_files.schema import ClosedStopEntry, ClosureEntry, SlowZoneEntry
from simulator.types import INBOUND, OUTBOUND

Road = ClosureEntry | SlowZoneEntry
Stretch = tuple[int, int, int]
"""A pattern's index, and the first and the last position in it."""


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans have an instant in common."""
    return one.start_s < other.end_s and other.start_s < one.end_s


def stretches(line: Line, between: Sequence[str]) -> list[Stretch]:
    """The shortest way between two stops in each pattern that serves both."""
    found = []
    for index, pattern in enumerate(line.patterns):
        ids = [stop.stop_id for stop in pattern.stops]
        one, other = ([i for i, stop_id in enumerate(ids) if stop_id == end] for end in between)
        ways = sorted((abs(a - b), min(a, b), max(a, b)) for a in one for b in other)
        found += [(index, low, high) for _, low, high in ways[:1]]
    return found


def check_roads(document: Document, entries: Sequence[LocatedEntry], network: Network) -> Found:
    """Short turns that can't be made, and stretches that are closed or slowed down twice."""
    roads: list[tuple[Loc, Road]] = [*of_kind(entries, ClosureEntry), *of_kind(entries, SlowZoneEntry)]
    roads.sort(key=lambda item: document.line(item[0]))
    for loc, road in roads:
        if _turns(road):
            yield from _short_turn(loc, road, network.line[road.line])
    for (first, one), (loc, other) in combinations(roads, 2):
        if one.line == other.line and overlap(one.span, other.span):
            conflict = _conflict(network.line[one.line], one, other)
            if conflict:
                yield (
                    loc,
                    f"{conflict} on line {document.line(first)} of this file: part them in time or place",
                )
    for loc, closed in of_kind(entries, ClosedStopEntry):
        for first, road in roads:
            if _turns(road) and closed.stop in road.between and overlap(road.span, closed.span):
                where = f"the closure on line {document.line(first)} of this file"
                yield (*loc, "stop"), f"buses turn at stop {closed.stop} for {where}: move the closure's end"


def _turns(road: Road) -> bool:
    return isinstance(road, ClosureEntry) and road.short_turn


def _short_turn(loc: Loc, road: Road, line: Line) -> Found:
    """Buses turn into the other direction's main pattern, which must go there, too."""
    mend = "give `detour_min` instead of `short_turn`"
    for direction, name in ((OUTBOUND, "outbound"), (INBOUND, "inbound")):
        main = line.main_pattern(direction)
        if main is None:
            message = f"line {line.line_id} has no {name} direction, so that its buses can't turn: {mend}"
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
                f"{pattern.pattern_id} begins or ends on the closed road, buses have nowhere to turn there"
            )
            yield (*loc, "between"), f"{message}: {mend}, or close less"
            return


def _conflict(line: Line, one: Road, other: Road) -> str:
    """Why two entries can't be at one time; empty where they can."""
    shared_hops = _steps(line, one, 1) & _steps(line, other, 1)
    shared_stops = _steps(line, one, 0) & _steps(line, other, 0)
    if isinstance(one, ClosureEntry) and isinstance(other, ClosureEntry):
        if shared_hops:
            return "this stretch is closed at that time already, by the closure"
        if shared_stops and one.short_turn and other.short_turn:
            return "buses would have to turn both ways at one stop, as they turn there for the closure"
    elif shared_hops and (_turns(one) or _turns(other)):
        return "nobody drives here at that time, as buses turn before it for the closure"
    return ""


def _steps(line: Line, road: Road, skipped: int) -> set[tuple[int, int]]:
    """(pattern, position) of the stops of a stretch; with 1 skipped the hops, by the stop they lead to."""
    return {
        (index, position)
        for index, low, high in stretches(line, road.between)
        for position in range(low + skipped, high + 1)
    }
