"""A network and its run as one JSON file, `config/network.json`, which Lambda reads without NumPy or YAML.

Only files of this format version are read; another is compiled again from the network.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from simulator.network import Network
from simulator.network_json import DAMAGED, ENCODE, decoded_network, network_entry
from simulator.scenario.scenario import Scenario
from storage.store import Run

FORMAT = "bus-simulator-network"
VERSION = 1
FIELDS = frozenset({"format", "version", "run", "hours", "scenario", "name", "lines", "stops"})
HINT = "`make load-config` writes one"


class InvalidCompiledNetwork(ValueError):
    """A file is not a compiled network; the message names the file and says how to make one."""


class PlannedHours(NamedTuple):
    """When a line runs in a direction on days of a type, which only the model can tell.

    First and last departure as times of day, shortest and longest headway in whole minutes.
    """

    line_id: str
    day_type: str
    direction: int
    first: str
    last: str
    shortest_min: int
    longest_min: int


@dataclass(frozen=True, slots=True)
class CompiledNetwork:
    """A network, the run whose data it describes, when its lines run, and the scenario of the run, if any."""

    network: Network
    run: Run
    hours: tuple[PlannedHours, ...] = ()
    scenario: Scenario | None = None


def dump(
    network: Network, run: Run, hours: Sequence[PlannedHours] = (), scenario: Scenario | None = None
) -> bytes:
    """Encode a network and its run. Equal networks, runs and scenarios give equal bytes."""
    content = {
        "format": FORMAT,
        "version": VERSION,
        "run": run,
        "hours": hours,
        **({} if scenario is None else {"scenario": _scenario_entry(scenario)}),
        **network_entry(network),
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
    if unknown := sorted(found.keys() - FIELDS):
        raise InvalidCompiledNetwork(
            f"{place} has fields that this version doesn't know ({', '.join(unknown)}), so a newer one wrote "
            f"it: update this one; {HINT}"
        )
    try:
        hours = tuple(PlannedHours(*row) for row in found.get("hours", ()))
        scenario = _scenario_of(found.get("scenario"))
        return CompiledNetwork(decoded_network(found), Run(**found["run"]), hours, scenario)
    except DAMAGED as error:
        raise InvalidCompiledNetwork(
            f"{place} is damaged ({type(error).__name__}: {error}); {HINT}"
        ) from None


def _scenario_entry(scenario: Scenario) -> object:
    # Here, since it takes time to import, and most deployments simulate ordinary days.
    from services.aws.scenario_json import scenario_entry

    return scenario_entry(scenario)


def _scenario_of(entry: object) -> Scenario | None:
    """The scenario that an entry holds; None if it holds none. Raises ValueError for a damaged one."""
    if entry is None:
        return None
    from services.aws.scenario_json import decoded_scenario

    return decoded_scenario(entry)
