"""Checks between the fields of a network file: ids, shared stops, terminals, distances.

They read the file's plain data and skip values of a wrong type, which the schema reports, so that one mistake
doesn't hide the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from simulator.files.problems import Loc
from simulator.files.yaml_document import Document
from simulator.geometry import distance_m

MAX_HOP_M = 30_000.0
MIN_HOP_M = 1.0
DEFINITION = ("name", "latitude", "longitude")

Found = Iterator[tuple[Loc, str]]

STOP_LISTS = (("stops", "*"), ("lines", "*", "stops", "*"))


def check(document: Document) -> Found:
    """The (location, message) of everything wrong between the fields of a network file."""
    places = dict(defined_places(document.data))
    yield from _repeated(document, ("lines", "*", "line_id"))
    yield from _repeated(document, ("lines", "*", "buses", "*", "bus_id"))
    yield from _repeated(document, ("lines", "*", "patterns", "*", "pattern_id"))
    yield from _conflicting_definitions(document)
    yield from _buses_named_as_stops(document)
    for loc, line in find(document.data, ("lines", "*")):
        if isinstance(line, dict):
            yield from _line(loc, line, places)


def _buses_named_as_stops(document: Document) -> Found:
    """Buses and stops share the ids of sensors, so none may have the id of another."""
    stops = {_stop_id(entry) for path in STOP_LISTS for _, entry in find(document.data, path)}
    for loc, bus_id in find(document.data, ("lines", "*", "buses", "*", "bus_id")):
        if isinstance(bus_id, str) and bus_id in stops:
            yield loc, f"bus {bus_id} has the id of a stop: give it another"


def find(data: Any, path: tuple[str, ...], loc: Loc = ()) -> Iterator[tuple[Loc, Any]]:
    """Each value at a path of keys, with its location; `*` stands for any index of a list."""
    # Step by step for all values at once: a recursion would pass each on from level to level.
    found: list[tuple[Loc, Any]] = [(loc, data)]
    for key in path:
        if key == "*":
            lists = [(at, value) for at, value in found if isinstance(value, list)]
            found = [((*at, i), item) for at, value in lists for i, item in enumerate(value)]
        else:
            found = [
                ((*at, key), value[key]) for at, value in found if isinstance(value, dict) and key in value
            ]
    return iter(found)


def defined_places(data: Any) -> Iterator[tuple[str, tuple[str, float, float]]]:
    """Each stop id that is defined with name and place: (id, (name, latitude, longitude))."""
    for _, stop_id, definition in _definitions(data):
        yield stop_id, definition


def _definitions(data: Any) -> Iterator[tuple[Loc, str, tuple[str, float, float]]]:
    for path in STOP_LISTS:
        for loc, entry in find(data, path):
            # Most entries only refer to a stop that another defines.
            if not isinstance(entry, dict) or "name" not in entry:
                continue
            stop_id, name = _stop_id(entry), entry["name"]
            latitude, longitude = entry.get("latitude"), entry.get("longitude")
            if stop_id is None or not isinstance(name, str):
                continue
            if _is_number(latitude, 90) and _is_number(longitude, 180):
                yield loc, stop_id, (name, float(latitude), float(longitude))


def _is_number(value: Any, most: int) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= most


def _repeated(document: Document, path: tuple[str, ...]) -> Found:
    first: dict[str, Loc] = {}
    for loc, value in find(document.data, path):
        if not isinstance(value, str):
            continue
        if value in first:
            seen = document.line(first[value])
            yield loc, f"`{path[-1]}` {value} is used already, on line {seen}: give each its own id"
        first.setdefault(value, loc)


def _conflicting_definitions(document: Document) -> Found:
    first: dict[str, tuple[Loc, tuple[str, float, float]]] = {}
    for loc, stop_id, definition in _definitions(document.data):
        seen, before = first.setdefault(stop_id, (loc, definition))
        if before != definition:
            name, latitude, longitude = before
            there = f"on line {document.line(seen)} it is {name} at {latitude}, {longitude}"
            yield loc, f"one stop id with two places, {there}: use the same, or another stop_id"


def _line(loc: Loc, line: dict[str, Any], places: Mapping[str, tuple[str, float, float]]) -> Found:
    stops = line.get("stops")
    if not isinstance(stops, list):
        return
    yield from _entries((*loc, "stops"), stops, places)
    terminals = {_stop_id(entry) for entry in stops if _is_terminal(entry)}
    ids = [_stop_id(entry) for entry in stops]
    if "patterns" not in line:
        yield from _sequence((*loc, "stops"), ids, terminals, places)
        return
    used = set()
    for pattern_loc, sequence in find(line, ("patterns", "*", "stops"), loc):
        if isinstance(sequence, list):
            names = [stop_id if isinstance(stop_id, str) else None for stop_id in sequence]
            used.update(names)
            yield from _unknown_stops(pattern_loc, names, ids)
            yield from _sequence(pattern_loc, names, terminals, places)
    for i, stop_id in enumerate(ids):
        if stop_id is not None and stop_id not in used:
            yield (*loc, "stops", i), "no pattern of the line serves this stop: add it to one, or remove it"


def _stop_id(entry: Any) -> str | None:
    stop_id = entry.get("stop_id") if isinstance(entry, dict) else None
    return stop_id if isinstance(stop_id, str) else None


def _is_terminal(entry: Any) -> bool:
    """Whether an entry may end a pattern. True without a boolean field, which the schema reports."""
    return isinstance(entry, dict) and entry.get("is_terminal") is not False


def _entries(loc: Loc, stops: list[Any], places: Mapping[str, tuple[str, float, float]]) -> Found:
    """Stops listed twice in a line, and stops without name and place anywhere in the file."""
    seen: dict[str, int] = {}
    for i, entry in enumerate(stops):
        stop_id = _stop_id(entry)
        if stop_id is None:
            continue
        if stop_id in seen:
            message = "the line has this stop already: list it once, and use `patterns` to serve it twice"
            yield (*loc, i), message
        seen.setdefault(stop_id, i)
        missing = [f"`{key}`" for key in DEFINITION if key not in entry]
        if missing and (len(missing) < len(DEFINITION) or stop_id not in places):
            mend = "is missing: add it" if len(missing) == 1 else "are missing: add them"
            elsewhere = "define the stop under `stops` at the top of the file and give none of the three here"
            yield (*loc, i), f"{', '.join(missing)} {mend}, or {elsewhere}"


def _unknown_stops(loc: Loc, sequence: list[str | None], ids: list[str | None]) -> Found:
    for i, stop_id in enumerate(sequence):
        if stop_id is not None and stop_id not in ids:
            yield (*loc, i), f"stop {stop_id} isn't in the line's `stops`: add it there, or remove it here"


def _sequence(
    loc: Loc,
    ids: list[str | None],
    terminals: set[str | None],
    places: Mapping[str, tuple[str, float, float]],
) -> Found:
    """A pattern's first and last stop, and the distance from each stop to the next."""
    for i, end in ((0, "first"), (len(ids) - 1, "last")):
        if ids and ids[i] is not None and ids[i] not in terminals:
            yield (*loc, i), f"the {end} stop isn't a terminal: give it `is_terminal: true`"
    for i, (one, other) in enumerate(itertools.pairwise(ids), start=1):
        if one in places and other in places:
            metres = distance_m(*places[str(one)][1:], *places[str(other)][1:])
            if metres < MIN_HOP_M:
                yield (*loc, i), f"no distance between stops {one} and {other}: correct one's place"
            elif metres > MAX_HOP_M:
                far = f"{metres / 1000:.0f} km from stop {one} to {other}, over {MAX_HOP_M / 1000:.0f}"
                yield (*loc, i), f"{far}: are latitude and longitude swapped, or is a sign missing?"
