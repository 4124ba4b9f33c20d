"""Writes a network as a folder that `loader` reads as the same network: a network file and its tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.network import MADRID_TIME, Departure, Headway, Line, Network, Pattern, Service, Stop
from simulator.network_files.tables import (
    NETWORK,
    SHAPES,
    TIMETABLE,
    TIMINGS,
    ShapeRow,
    shape_rows,
    timetable_rows,
)
from simulator.network_files.timetable import Timetable, clock
from simulator.network_files.timings import timing_rows
from simulator.types import DayType

NONE = "none"
DIRECTIONS = ("outbound", "inbound")
_as_json = json.JSONEncoder(ensure_ascii=False).encode


def write_network(network: Network, folder: Path, comments: Iterable[str] = ()) -> None:
    """Write the network's four files into an existing folder.

    They are read back with the same digest, if the buses of each line are in the order of their ids.
    """
    stops = list(map(_stop_entry, network.stops))
    text = "".join(network_yaml(comments, stops, map(line_entry, network.lines)))
    (folder / NETWORK).write_text(text, encoding="utf-8")
    patterns = [pattern for line in network.lines for pattern in line.patterns]
    tables = {
        TIMETABLE: timetable_rows(
            {line.line_id: _timetable(line) for line in network.lines if _is_tabled(line)}
        ),
        TIMINGS: timing_rows({p.pattern_id: p.timings for p in patterns if p.timings}),
        SHAPES: shape_rows({p.pattern_id: _shape(p) for p in patterns if len(p.shape) > len(p.stops)}),
    }
    for name, rows in tables.items():
        write_table(folder / name, rows)


def write_table(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write a table from its rows, the header first."""
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")


def network_yaml(
    comments: Iterable[str], stops: Iterable[Mapping[str, Any]], lines: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """The text of a network file: list items as flow mappings on a line each (JSON values are valid YAML)."""
    yield from (f"# {line}\n" for line in comments)
    yield "stops:\n"
    yield from (f"  - {_flow(stop)}\n" for stop in stops)
    yield "lines:\n"
    for line in lines:
        for number, (key, value) in enumerate(line.items()):
            yield "  - " if number == 0 else "    "
            if isinstance(value, list):
                yield f"{key}:\n" + "".join(f"      - {_flow(item)}\n" for item in value)
            else:
                yield f"{key}: {_flow(value)}\n"


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join([f"{_key(key)}: {_flow(item)}" for key, item in value.items()]) + "}"
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _as_json(value)


def _key(name: str) -> str:
    """A key of a mapping. Dates are quoted: YAML would read them as dates."""
    return _as_json(name) if name[:1].isdigit() else name


def _stop_entry(stop: Stop) -> dict[str, Any]:
    entry = {
        "stop_id": stop.stop_id,
        "name": stop.name,
        "latitude": stop.latitude,
        "longitude": stop.longitude,
    }
    return entry | ({"gtfs_id": stop.gtfs_id} if stop.gtfs_id else {})


def line_entry(line: Line) -> dict[str, Any]:
    """A line's entry in a network file, as YAML data; its timetable is in it unless a table has that."""
    directions = {pattern.direction for pattern in line.patterns}
    ends = {stop.stop_id for pattern in line.patterns for stop in (pattern.stops[0], pattern.stops[-1])}
    return {
        "line_id": line.line_id,
        **({"gtfs_id": line.gtfs_id} if line.gtfs_id else {}),
        "name": line.name,
        **({"night": True} if line.night else {}),
        **({"one_way": True} if len(directions) == 1 else {}),
        **({"timezone": line.timezone} if line.timezone != MADRID_TIME else {}),
        **({"dates": {day: kind or NONE for day, kind in line.dates.items()}} if line.dates else {}),
        **({} if line.speed_kmh is None else {"speed_kmh": line.speed_kmh}),
        **({} if _is_tabled(line) else _service_fields(line)),
        "stops": [
            {"stop_id": stop_id, "is_terminal": stop_id in ends, "base_arrival_rate": rate}
            for stop_id, rate in line.base_arrival_rate.items()
        ],
        "patterns": list(map(_pattern_entry, line.patterns)),
        "buses": [
            {"bus_id": bus.bus_id, "capacity": bus.capacity, "initial_position": bus.initial_position}
            for bus in line.buses
        ],
    }


def _pattern_entry(pattern: Pattern) -> dict[str, Any]:
    closed = {
        "no_boarding": [number for number, stop in enumerate(pattern.stops, 1) if not stop.boarding],
        "no_alighting": [number for number, stop in enumerate(pattern.stops, 1) if not stop.alighting],
    }
    return {
        "pattern_id": pattern.pattern_id,
        "direction": DIRECTIONS[pattern.direction],
        "stops": [stop.stop_id for stop in pattern.stops],
        **{name: numbers for name, numbers in closed.items() if numbers},
    }


def _is_tabled(line: Line) -> bool:
    """Whether `timetable.csv` has a line's departures: where service lasts from the first to the last."""
    spans = (_is_spanned(service) for service in line.services.values())
    return bool(line.overnight) or all(spans)


def _is_spanned(service: Service) -> bool:
    times = [departure.time_s for departure in service.departures]
    return bool(times) and (service.start_s, service.end_s) == (times[0], times[-1])


def _timetable(line: Line) -> Timetable:
    """The departures of each day type's dates, those of neighbouring line-days among them, by time."""
    found: dict[DayType, list[Departure]] = {}
    for kind in DayType:
        service = line.services.get(kind)
        own = () if service is None else service.departures
        departures = [*own, *line.overnight.get(kind, ())]
        if departures:
            found[kind] = sorted(departures, key=lambda each: each.time_s)
    return found


def _service_fields(line: Line) -> dict[str, Any]:
    """The fields `hours`, `headway_min` and `departures` of a line."""
    services = {kind: line.services.get(kind) for kind in DayType}
    directions = {pattern.pattern_id: DIRECTIONS[pattern.direction] for pattern in line.patterns}
    hours = {k: NONE if s is None else f"{clock(s.start_s)}-{clock(s.end_s)}" for k, s in services.items()}
    headways = {k: NONE if s is None else list(map(_band, s.headways)) for k, s in services.items()}
    departures = {k: NONE if s is None else _departures(s, directions) for k, s in services.items()}
    has_headways = any(service.headways for service in line.services.values())
    has_departures = any(service.departures for service in line.services.values())
    return {
        "hours": _by_day(hours),
        **({"headway_min": _by_day(headways)} if has_headways else {}),
        **({"departures": _by_day(departures)} if has_departures else {}),
    }


def _by_day(values: Mapping[DayType, Any]) -> Any:
    """A value for each day type, or the one that all have."""
    first, *others = values.values()
    return first if all(other == first for other in others) else {k.value: v for k, v in values.items()}


def _band(headway: Headway) -> dict[str, Any]:
    minutes = headway.headway_s / 60
    return {"from": clock(headway.start_s), "to": clock(headway.end_s), "every_min": minutes}


def _departures(service: Service, directions: Mapping[str, str]) -> dict[str, Any]:
    """The lists of departures of each direction."""
    found: dict[str, list[dict[str, str]]] = {}
    for each in service.departures:
        entry = {"time": clock(each.time_s), "pattern": each.pattern_id}
        found.setdefault(directions[each.pattern_id], []).append(entry)
    return found


def _shape(pattern: Pattern) -> list[ShapeRow]:
    """The rows of a shape, with the number of the stop at each vertex that is one."""
    rows, number = [], 0
    last = len(pattern.stops) - 1
    for i, point in enumerate(pattern.shape):
        stop = pattern.stops[min(number, last)]
        is_end = i == len(pattern.shape) - 1
        is_stop = point.distance_m == stop.distance_m and (number < last or is_end)
        number += is_stop
        rows.append(ShapeRow(point.latitude, point.longitude, number if is_stop else 0))
    return rows
