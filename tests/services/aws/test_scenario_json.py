"""A scenario as JSON: what a newer version wrote isn't read as another scenario."""

from __future__ import annotations

from typing import Any

import pytest

from services.aws.scenario_json import decoded_scenario, scenario_entry
from services.inputs.load import load_inputs
from services.inputs.scenario_library import shipped

NAMES = sorted(shipped())


def entry_of(name: str) -> dict[str, Any]:
    scenario = load_inputs(None, None, name).scenario
    assert scenario is not None
    return scenario_entry(scenario)


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_is_read_as_it_was_written(name: str) -> None:
    entry = entry_of(name)
    assert scenario_entry(decoded_scenario(entry)) == entry


def test_fields_of_a_newer_version_are_named() -> None:
    entry = entry_of("closure")
    entry["closures"][0]["ferry"] = True
    with pytest.raises(ValueError, match="the scenario has unknown fields: ferry, trams"):
        decoded_scenario(entry | {"trams": []})
