"""Reads a scenario file (YAML, like those of `data/scenarios`), or reports everything wrong with it.

Its fields are described in `simulator/scenario_files/schema.py`. Refused, all at once, each with file, line
and mend: YAML that `simulator/files/yaml_document.py` refuses; fields of a wrong type, out of range, missing
or unknown; ids that the network doesn't have; the impossible, such as times at which the line has no service;
and conflicts, such as a bus that breaks down while it is broken down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from pathlib import Path

from simulator.files.problems import Faults, InputFileError, Problem, quoted_value
from simulator.files.yaml_document import Document, read_document
from simulator.network import Network
from simulator.network_files.checks import find
from simulator.scenario.demand import DemandChange
from simulator.scenario.headway_control import HeadwayControl
from simulator.scenario.scenario import Scenario
from simulator.scenario.weather_changes import Rain, Weather
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.scenario_files.checks import check
from simulator.scenario_files.disruptions import line_ids, with_disruptions
from simulator.scenario_files.entries import WIRE, subject
from simulator.scenario_files.schema import DelayedEntry, DemandEntry, ScenarioEntry, WireEntry
from simulator.types import BusId, StopId


class ScenarioFileError(InputFileError):
    """A scenario file that can't be used: `problems` has every reason, and str() a line for each."""


def load_scenario(path: Path, network_of: Callable[[Path | None], Network]) -> Scenario:
    """The scenario of a file. ScenarioFileError has everything that is wrong with it.

    `network_of` gives the network of a path, for None the default one; its `InputFileError` is reported
    with the rest. `Scenario.network` is the path from the working directory, not from the file.
    """
    try:
        document = read_document(path)
    except InputFileError as error:
        raise ScenarioFileError(error.problems) from error
    faults: Faults = []
    entry = document.validated((), document.data, ScenarioEntry, faults)
    problems = [*document.problems, *_network_problems(document, path, network_of, faults)]
    if entry is None or faults or problems:
        raise ScenarioFileError([*problems, *_located(document, faults)])
    return _scenario(entry, _network_path(document, path))


def _network_problems(
    document: Document, path: Path, network_of: Callable[[Path | None], Network], faults: Faults
) -> Sequence[Problem]:
    """The network's problems. If it has none, conflicts between scenario and network go to `faults`."""
    if any(loc == ("network",) for loc, _ in faults):
        return ()
    try:
        network = network_of(_network_path(document, path))
    except InputFileError as error:
        faults += [
            (loc, f"the network {quoted_value(named)} can't be used: check the path, or correct that file")
            for loc, named in find(document.data, ("network",))
        ]
        return error.problems
    faults += check(document, network)
    return ()


def _network_path(document: Document, path: Path) -> Path | None:
    """The network file that the scenario file at `path` names; None if it names none."""
    named = next((value for _, value in find(document.data, ("network",))), None)
    return None if named is None else path.parent / named


def _located(document: Document, faults: Faults) -> Iterator[Problem]:
    for loc, message in faults:
        inside = subject(loc)
        yield document.problem(loc, f"{inside}: {message}" if inside else message)


def _scenario(entry: ScenarioEntry, network: Path | None) -> Scenario:
    rain = entry.weather.rain
    plain = Scenario(
        name=entry.name,
        first_day=entry.dates[0],
        last_day=entry.dates[1],
        description=entry.description,
        network=None if network is None else str(network),
        seed=entry.seed,
        start=entry.clock.start_on(entry.dates[0]).astimezone(UTC),
        rate=entry.clock.speed,
        demand=tuple(_demand_change(change) for change in entry.demand),
        weather=Weather(entry.weather.temperature_c, entry.weather.humidity, Rain(rain) if rain else None),
        control=HeadwayControl(entry.control),
        wire_faults=tuple(_wire_fault(fault) for fault in entry.wire),
    )
    return with_disruptions(plain, entry.disruptions)


def _demand_change(entry: DemandEntry) -> DemandChange:
    stops = tuple(StopId(stop_id) for stop_id in entry.stops)
    return DemandChange(entry.factor, line_ids(entry.lines), stops, entry.span, entry.period)


def _wire_fault(entry: WireEntry) -> WireFault:
    kind, fault = next((name, fault) for name in WIRE if (fault := getattr(entry, name)) is not None)
    buses = tuple(BusId(bus_id) for bus_id in fault.buses)
    delay_s = fault.delay_s if isinstance(fault, DelayedEntry) else 0
    return WireFault(FaultKind(kind.replace("_", "-")), fault.share, buses, fault.span, delay_s, fault.period)
