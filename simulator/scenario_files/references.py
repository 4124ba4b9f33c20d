"""Checks that the lines, stops and buses that a scenario names are in the network and belong together."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.files.problems import Loc, quoted_value
from simulator.files.yaml_document import Document
from simulator.network import Line, Network
from simulator.network_files.checks import Found, find
from simulator.network_files.schema import Entry
from simulator.scenario.extra_buses import extra_bus_id
from simulator.scenario_files.closures import stretches
from simulator.scenario_files.entries import LocatedEntry, of_kind
from simulator.scenario_files.schema import (
    BreakdownEntry,
    ClosureEntry,
    DemandEntry,
    ExtraBusesEntry,
    SlowZoneEntry,
    SurgeEntry,
)

KINDS: Mapping[str, str] = {
    "line": "line",
    "lines": "line",
    "stop": "stop",
    "stops": "stop",
    "between": "stop",
    "bus": "bus",
    "buses": "bus",
}
"""The kind of object that each field names."""
FEW = 20
"""The most ids listed in a message."""


@dataclass(frozen=True)
class Known:
    """The ids that a scenario may name: names by id for each kind, and the line of each bus.

    `in_doubt`: there are extra buses whose entry is invalid, so an unknown bus may be one of them.
    """

    network: Network
    line_of_bus: Mapping[str, Line]
    names: Mapping[str, Mapping[str, str]]
    in_doubt: bool


def known(document: Document, network: Network, entries: Sequence[LocatedEntry]) -> Known:
    """The ids of the network and of the extra buses that the scenario adds."""
    line_of_bus = dict(network.line_of_bus)
    for _, line, bus_id in extra_buses(network, entries):
        line_of_bus.setdefault(bus_id, line)
    names: dict[str, dict[str, str]] = {
        "line": {line.line_id: line.name for line in network.lines},
        "stop": {stop.stop_id: stop.name for stop in network.stops},
        "bus": dict.fromkeys(line_of_bus, ""),
    }
    added = {loc for loc, _, _ in extra_buses(network, entries)}
    in_doubt = any(loc not in added for loc, _ in find(document.data, ("disruptions", "*", "extra_buses")))
    return Known(network, line_of_bus, names, in_doubt)


def extra_buses(network: Network, entries: Sequence[LocatedEntry]) -> Iterator[tuple[Loc, Line, str]]:
    """The id of each bus that is added to a line of the network."""
    so_far: dict[str, int] = {}
    for loc, entry in of_kind(entries, ExtraBusesEntry):
        line = network.line.get(entry.line)
        if line is not None:
            first = so_far.get(line.line_id, 0) + 1
            so_far[line.line_id] = first + entry.count - 1
            for number in range(first, first + entry.count):
                yield loc, line, extra_bus_id(line.line_id, number)


def check_names(entries: Sequence[LocatedEntry], known: Known) -> Found:
    """Unknown ids, ids that appear twice in a list, and stops that the lines don't serve."""
    for loc, entry in entries:
        faults = list(_references(loc, entry, known))
        yield from faults or _belonging(loc, entry, known)


def _references(loc: Loc, entry: Entry, known: Known) -> Found:
    for field, kind in KINDS.items():
        value: Any = getattr(entry, field, None)
        if isinstance(value, str) and not _is_known(value, kind, known):
            yield (*loc, field), _unknown(kind, value, known.names[kind])
        names = value if isinstance(value, list) else []
        for i, name in enumerate(names):
            if not _is_known(name, kind, known):
                yield (*loc, field, i), _unknown(kind, name, known.names[kind])
            elif name in names[:i] and field != "between":
                yield (*loc, field, i), f"{kind} {name} is named twice: remove one"


def _is_known(name: str, kind: str, known: Known) -> bool:
    return name in known.names[kind] or (kind == "bus" and known.in_doubt and "-extra-" in name)


def _unknown(kind: str, name: str, names: Mapping[str, str]) -> str:
    said = f"the network has no {kind} {quoted_value(name)}"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if not near:
        near = [other for other, title in names.items() if name.casefold() in title.casefold()][:1]
    if near:
        title = names[near[0]]
        return f"{said}: did you mean {near[0]}{f' ({title})' if title else ''}?"
    if len(names) <= FEW:
        return f"{said}: it has {', '.join(names)}"
    return f"{said}: use a `{kind}_id` of the network's file"


def _belonging(loc: Loc, entry: Entry, known: Known) -> Found:
    """Stops that exist, but that the named lines don't serve."""
    if isinstance(entry, BreakdownEntry) and entry.stop is not None:
        line = known.line_of_bus.get(entry.bus)
        yield from _not_served((*loc, "stop"), entry.stop, [line], known) if line else ()
    elif isinstance(entry, SurgeEntry):
        for i, line_id in enumerate(entry.lines):
            line = known.network.line[line_id]
            yield from _not_served((*loc, "lines", i), entry.stop, [line], known)
    elif isinstance(entry, DemandEntry):
        lines = [known.network.line[line_id] for line_id in entry.lines]
        for i, stop_id in enumerate(entry.stops if lines else ()):
            yield from _not_served((*loc, "stops", i), stop_id, lines, known)
    elif isinstance(entry, (ClosureEntry, SlowZoneEntry)):
        yield from _between(loc, entry, known)


def _between(loc: Loc, entry: ClosureEntry | SlowZoneEntry, known: Known) -> Found:
    line = known.network.line[entry.line]
    one, other = entry.between
    strange = [
        fault
        for i, stop_id in enumerate(entry.between)
        for fault in _not_served((*loc, "between", i), stop_id, [line], known)
    ]
    if strange:
        yield from strange
    elif one == other:
        yield (*loc, "between"), f"both stops are {one}: name the two ends of a section"
    elif not stretches(line, entry.between):
        yield (
            (*loc, "between"),
            f"no pattern of line {line.line_id} serves both {one} and {other}: name two stops of one pattern",
        )


def _not_served(loc: Loc, stop_id: str, lines: Sequence[Line], known: Known) -> Found:
    if any(stop_id in line.stop_ids for line in lines):
        return
    serving = known.network.lines_of_stop[stop_id]
    names = " or ".join(line.line_id for line in lines)
    place = f"stop {stop_id} ({known.names['stop'][stop_id]})"
    by = f"line {serving[0]} does" if len(serving) == 1 else f"lines {', '.join(serving)} do"
    yield loc, f"line {names} doesn't serve {place}, {by}: correct the stop or the line"
