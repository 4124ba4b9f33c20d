"""A network and its run as one JSON file, `config/network.json`, which Lambda reads without NumPy or YAML.

Only files of this format version are read; another is compiled again from the network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.network import (
    Bus,
    Departure,
    Headway,
    Hold,
    Line,
    Network,
    Pattern,
    PatternStop,
    Service,
    ShapePoint,
    Stop,
    Timing,
    fields_of,
)
from simulator.types import DayType
from storage.store import Run

FORMAT = "bus-simulator-network"
VERSION = 1
HINT = "`make load-config` writes one"

ENCODE: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    separators=(",", ":"),
    default=fields_of,
).encode


class InvalidCompiledNetwork(ValueError):
    """A file is not a compiled network; the message names the file and says how to make one."""


@dataclass(frozen=True, slots=True)
class CompiledNetwork:
    """A network and the run whose data it describes."""

    network: Network
    run: Run


def dump(network: Network, run: Run) -> bytes:
    """Encode a network and its run. Equal networks and runs give equal bytes."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "run": run,
        "name": network.name,
        "lines": network.lines,
        "stops": network.stops,
    }
    return ENCODE(content).encode() + b"\n"


def load(content: bytes, place: str) -> CompiledNetwork:
    """Decode what `dump` wrote. Raises `InvalidCompiledNetwork`, whose message names `place`."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise InvalidCompiledNetwork(f"{place} is not JSON; {HINT}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InvalidCompiledNetwork(f"{place} is not a compiled network; {HINT}")
    if found.get("version") != VERSION:
        raise InvalidCompiledNetwork(
            f"{place} is a compiled network of version {found.get('version')}, not {VERSION}; {HINT}"
        )
    try:
        return _compiled(found)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidCompiledNetwork(
            f"{place} is damaged ({type(error).__name__}: {error}); {HINT}"
        ) from None


def _compiled(found: Mapping[str, Any]) -> CompiledNetwork:
    network = Network(
        lines=tuple(_line(entry) for entry in found["lines"]),
        stops=tuple(Stop(**entry) for entry in found["stops"]),
        name=found["name"],
    )
    return CompiledNetwork(network, Run(**found["run"]))


def _line(entry: Mapping[str, Any]) -> Line:
    made = {
        "patterns": tuple(_pattern(each) for each in entry["patterns"]),
        "buses": tuple(Bus(**each) for each in entry["buses"]),
        "services": {DayType(day): _service(each) for day, each in entry["services"].items()},
        "overnight": {
            DayType(day): tuple(Departure(**each) for each in departures)
            for day, departures in entry.get("overnight", {}).items()
        },
        "dates": {
            day: None if kind is None else DayType(kind) for day, kind in entry.get("dates", {}).items()
        },
    }
    return Line(**{**entry, **made})


def _pattern(entry: Mapping[str, Any]) -> Pattern:
    made = {
        "stops": tuple(PatternStop(**each) for each in entry["stops"]),
        "shape": tuple(ShapePoint(**each) for each in entry["shape"]),
        "timings": tuple(
            Timing(tuple(each["runs_s"]), tuple(Hold(**hold) for hold in each["holds"]))
            for each in entry.get("timings", ())
        ),
    }
    return Pattern(**{**entry, **made})


def _service(entry: Mapping[str, Any]) -> Service:
    made = {
        "headways": tuple(Headway(**each) for each in entry["headways"]),
        "departures": tuple(Departure(**each) for each in entry["departures"]),
    }
    return Service(**{**entry, **made})
