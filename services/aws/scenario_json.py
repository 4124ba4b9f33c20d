"""A scenario as a JSON object, for functions on AWS, which read it without YAML.

It leaves out how a scenario is replayed: `start` and `rate` are those of `Scenario`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from simulator.scenario.scenario import Scenario


def scenario_entry(scenario: Scenario) -> dict[str, Any]:
    """The JSON object of a scenario."""
    entry: dict[str, Any] = TypeAdapter(Scenario).dump_python(
        dataclasses.replace(scenario, start=None, rate=1.0), mode="json"
    )
    return entry


def decoded_scenario(entry: object) -> Scenario:
    """The scenario of a JSON object that `scenario_entry` gave. Raises ValueError for any other.

    Also for one with fields that this version doesn't know: without them it would be another scenario.
    """
    scenario = TypeAdapter(Scenario).validate_python(entry)
    unknown = sorted(set(_unknown(entry, scenario_entry(scenario))))
    if unknown:
        raise ValueError(f"the scenario has unknown fields: {', '.join(unknown)}")
    return scenario


def _unknown(given: Any, known: Any) -> Iterator[str]:
    """The names in objects of a JSON value that aren't in those of another of the same form."""
    if isinstance(given, dict) and isinstance(known, dict):
        yield from given.keys() - known.keys()
        for name in given.keys() & known.keys():
            yield from _unknown(given[name], known[name])
    elif isinstance(given, list) and isinstance(known, list):
        for one, other in zip(given, known, strict=True):
            yield from _unknown(one, other)
