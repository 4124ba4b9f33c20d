"""A scenario as a JSON object, for functions on AWS, which read it without YAML.

It leaves out how a scenario is replayed: `start` and `rate` are those of `Scenario`.
"""

from __future__ import annotations

import dataclasses
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
    """The scenario of a JSON object that `scenario_entry` gave. Raises ValueError for any other."""
    return TypeAdapter(Scenario).validate_python(entry)
