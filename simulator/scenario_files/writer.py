"""A scenario as the data of a scenario file, and as its YAML. Loading it gives an equal scenario."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from simulator.network_files.timetable import clock
from simulator.scenario.demand import DemandChange
from simulator.scenario.disruptions import Breakdown, Closure
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import WHOLE_DAY, Period, Span
from simulator.scenario.weather_changes import Weather
from simulator.scenario.wire_faults import WireFault
from simulator.scenario_files.entry_times import instant_text

Fields = dict[str, Any]
"""Fields of a file's entry, as YAML reads them."""


def scenario_document(scenario: Scenario) -> Fields:
    """The data of the file of a scenario."""
    first, last = scenario.first_day.isoformat(), scenario.last_day.isoformat()
    start = {} if scenario.start is None else {"start": f"{scenario.start:%Y-%m-%dT%H:%M:%SZ}"}
    lists: Fields = {
        "demand": [_demand(change) for change in scenario.demand],
        "disruptions": list(_disruptions(scenario)),
        "wire": [_wire(fault) for fault in scenario.wire_faults],
    }
    return {
        "name": scenario.name,
        "dates": first if first == last else f"{first} to {last}",
        **({"description": scenario.description} if scenario.description else {}),
        **({"network": str(Path(scenario.network).resolve())} if scenario.network else {}),
        "seed": scenario.seed,
        "clock": start | {"speed": "max" if scenario.rate == math.inf else scenario.rate},
        **({"weather": _weather(scenario.weather)} if scenario.weather != Weather() else {}),
        "control": str(scenario.control),
        **{name: entries for name, entries in lists.items() if entries},
    }


def scenario_yaml(document: Fields) -> str:
    """The text of a file with this data: a line for each entry of a list."""
    lines = []
    for name, value in document.items():
        # JSON is YAML: texts in double quotes, lists and mappings on one line.
        if isinstance(value, list):
            lines += [f"{name}:", *(f"  - {_json(entry)}" for entry in value)]
        else:
            lines.append(f"{name}: {_json(value)}")
    return "\n".join(lines) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _demand(change: DemandChange) -> Fields:
    places = _ids("lines", change.lines) | _ids("stops", change.stops)
    return {"factor": change.factor} | places | _times(change.span, change.period)


def _disruptions(scenario: Scenario) -> Iterator[Fields]:
    for b in scenario.breakdowns:
        yield {"breakdown": _breakdown(b)}
    for c in scenario.closures:
        yield {"closure": _closure(c)}
    for z in scenario.slow_zones:
        where = {"line": z.line_id, "between": [z.from_stop, z.to_stop], "speed_factor": z.speed_factor}
        yield {"slow_zone": where | _times(z.span, z.period)}
    for closed in scenario.closed_stops:
        yield {"closed_stop": {"stop": closed.stop_id} | _times(closed.span, closed.period)}
    for s in scenario.surges:
        who = {"stop": s.stop_id, "people_per_min": s.people_per_min} | _ids("lines", s.lines)
        yield {"surge": who | _times(s.span, s.period)}
    for strike in scenario.strikes:
        share = {"share": strike.share} | _ids("lines", strike.lines)
        yield {"strike": share | _times(strike.span, strike.period)}
    for w in scenario.weather_changes:
        yield {"weather": _weather(w.weather) | _times(w.span, w.period)}
    for control in scenario.control_changes:
        yield {"control": {"how": str(control.control)} | _times(control.span, control.period)}
    for e in scenario.extra_buses:
        yield {"extra_buses": {"line": e.line_id, "count": e.count, "capacity": e.capacity}}


def _breakdown(breakdown: Breakdown) -> Fields:
    at = {"at": clock(breakdown.time_s)}
    if breakdown.period is not None:
        times = _times(WHOLE_DAY, breakdown.period)
        at = {"at": times.pop("from"), **times}
    stop = {} if breakdown.stop_id is None else {"stop": breakdown.stop_id}
    return {"bus": breakdown.bus_id, "repair_min": breakdown.repair_s / 60} | stop | at


def _closure(closure: Closure) -> Fields:
    ends = {"line": closure.line_id, "between": [closure.from_stop, closure.to_stop]}
    way: Fields = {"short_turn": True}
    if closure.detour_s is not None:
        way = {"detour_min": closure.detour_s / 60}
    return ends | way | _times(closure.span, closure.period)


def _weather(weather: Weather) -> Fields:
    rain = {"rain": str(weather.rain)} if weather.rain else {}
    return {"temperature_c": weather.temperature_c, "humidity": weather.humidity} | rain


def _wire(fault: WireFault) -> Fields:
    delay = {"delay_s": fault.delay_s} if fault.delay_s else {}
    what = {"share": fault.share} | _ids("buses", fault.buses) | delay
    return {fault.kind.replace("-", "_"): what | _times(fault.span, fault.period)}


def _ids(field: str, ids: Sequence[str]) -> Fields:
    return {field: list(ids)} if ids else {}


def _times(span: Span, period: Period | None) -> Fields:
    """`from` and `to`, without those that are the default."""
    if period is not None:
        bounds = {"from": period.start, "to": period.end}
        return {name: instant_text(instant) for name, instant in bounds.items() if instant is not None}
    start = {} if span.start_s == WHOLE_DAY.start_s else {"from": clock(span.start_s)}
    return start | ({} if span.end_s == WHOLE_DAY.end_s else {"to": clock(span.end_s)})
