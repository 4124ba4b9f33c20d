"""The valid entries of a scenario file, each with its location."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date
from itertools import islice
from typing import TypeVar

from pydantic_core import PydanticCustomError

from simulator.files.problems import Faults, Loc
from simulator.files.yaml_document import Document
from simulator.network_files.checks import find
from simulator.network_files.schema import Entry
from simulator.scenario_files.fields import MOST, parsed_dates
from simulator.scenario_files.schema import (
    BreakdownEntry,
    ClosedStopEntry,
    ClosureEntry,
    ControlChangeEntry,
    DelayedEntry,
    DemandEntry,
    ExtraBusesEntry,
    FaultEntry,
    SlowZoneEntry,
    StrikeEntry,
    SurgeEntry,
    WeatherChangeEntry,
)

LocatedEntry = tuple[Loc, Entry]
E = TypeVar("E", bound=Entry)

DISRUPTIONS: dict[str, type[Entry]] = {
    "breakdown": BreakdownEntry,
    "closure": ClosureEntry,
    "slow_zone": SlowZoneEntry,
    "closed_stop": ClosedStopEntry,
    "surge": SurgeEntry,
    "strike": StrikeEntry,
    "weather": WeatherChangeEntry,
    "control": ControlChangeEntry,
    "extra_buses": ExtraBusesEntry,
}
WIRE: dict[str, type[Entry]] = {
    "dropped": FaultEntry,
    "delayed": DelayedEntry,
    "stuck": FaultEntry,
    "out_of_order": FaultEntry,
    "malformed": FaultEntry,
}


def located_entries(document: Document) -> Iterator[LocatedEntry]:
    """The entries of `demand`, `disruptions` and `wire` whose fields have the right types and ranges."""
    paths: list[tuple[tuple[str, ...], type[Entry]]] = [(("demand", "*"), DemandEntry)]
    paths += [(("disruptions", "*", kind), model) for kind, model in DISRUPTIONS.items()]
    paths += [(("wire", "*", kind), model) for kind, model in WIRE.items()]
    reported_elsewhere: Faults = []
    for path, model in paths:
        for loc, data in islice(find(document.data, path), MOST):
            entry = document.validated(loc, data, model, reported_elsewhere)
            if entry is not None:
                yield loc, entry


def of_kind(some: Iterable[LocatedEntry], kind: type[E]) -> list[tuple[Loc, E]]:
    """The entries of one kind, in the order of the file."""
    return [(loc, entry) for loc, entry in some if isinstance(entry, kind)]


def scenario_dates(document: Document) -> tuple[date, date] | None:
    """The first and the last service day; None unless the file has valid `dates`."""
    for _, value in find(document.data, ("dates",)):
        with suppress(PydanticCustomError):
            return parsed_dates(value)
    return None


def subject(loc: Loc) -> str:
    """The kind of entry around a location, such as `breakdown`; empty for the file itself."""
    kinds = [step for step in loc if step in DISRUPTIONS or step in WIRE or step == "demand"]
    return str(kinds[0]) if kinds else ""
