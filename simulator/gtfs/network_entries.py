"""An imported line as an entry of a network file, and the line built from that entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.files.problems import Faults
from simulator.gtfs.lines import LineDraft
from simulator.gtfs.routes import BoardingRules
from simulator.network import MADRID_TIME, Line
from simulator.network_files.line_builder import build_line
from simulator.network_files.schema import LineEntry
from simulator.network_files.tables import NetworkTables


def entry(draft: LineDraft) -> dict[str, Any]:
    """The line's entry in a network file, as YAML data."""
    direction = ("outbound", "inbound")
    return {
        "line_id": draft.line_id,
        "gtfs_id": draft.gtfs_id,
        "name": draft.name,
        **({"night": True} if draft.night else {}),
        **({"one_way": True} if draft.one_way else {}),
        **({"timezone": draft.timezone} if draft.timezone != MADRID_TIME else {}),
        **({"dates": {day: kind or "none" for day, kind in draft.dates.items()}} if draft.dates else {}),
        "speed_kmh": draft.speed_kmh,
        "stops": [
            {"stop_id": stop, "is_terminal": stop in draft.terminals, "base_arrival_rate": rate}
            for stop, rate in draft.rates.items()
        ],
        "patterns": [
            {
                "pattern_id": name,
                "direction": direction[pattern.direction],
                "stops": list(pattern.stops),
                **_rules(pattern.rules),
            }
            for name, pattern in draft.patterns.items()
        ],
        "buses": [
            {"bus_id": bus.bus_id, "capacity": bus.capacity, "initial_position": bus.initial_position}
            for bus in draft.fleet
        ],
    }


def _rules(rules: BoardingRules) -> dict[str, list[int]]:
    """A pattern's fields about boarding, with stops numbered from 1; none where all stops allow both."""
    positions = {"no_boarding": rules.no_boarding, "no_alighting": rules.no_alighting}
    return {name: [each + 1 for each in found] for name, found in positions.items() if found}


def line_of_draft(draft: LineDraft, places: Mapping[str, tuple[str, float, float]], faults: Faults) -> Line:
    """The line of a draft; its problems are added to `faults`."""
    timings = {name: pattern.timings for name, pattern in draft.patterns.items()}
    tables = NetworkTables({draft.line_id: draft.timetable}, timings=timings, roads=draft.roads)
    return build_line(LineEntry.model_validate(entry(draft)), places, (), faults, tables)
