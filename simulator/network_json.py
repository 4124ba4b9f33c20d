"""A network as JSON, read without NumPy or YAML: fields as in `simulator.network`, defaults left out.

The network that is decoded has the digest of the one that was encoded.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
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

ENCODE: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    separators=(",", ":"),
    default=fields_of,
).encode
"""Writes networks, and all other dataclasses, as JSON. Equal values give equal texts."""

DAMAGED = (AttributeError, KeyError, TypeError, ValueError)
"""What `decoded_network` raises for an object that no network was encoded as."""


def network_entry(network: Network) -> dict[str, Any]:
    """The fields that `ENCODE` writes of a network."""
    return {"name": network.name, "lines": network.lines, "stops": network.stops}


def decoded_network(entry: Mapping[str, Any]) -> Network:
    """The network of a JSON object. Raises one of `DAMAGED`."""
    return Network(
        lines=tuple(_line(each) for each in entry["lines"]),
        stops=tuple(Stop(**each) for each in entry["stops"]),
        name=entry["name"],
    )


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
            Timing(
                **{
                    **each,
                    "runs_s": tuple(each["runs_s"]),
                    "holds": tuple(Hold(**hold) for hold in each["holds"]),
                }
            )
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
