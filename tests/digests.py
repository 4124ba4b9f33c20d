"""Digests of the shipped network in selected windows, and of the shipped scenarios' days.

`python -m tests.digests windows` and `… scenarios` print them as JSON, of all or of those that are named.
Needs the simulator alone, so that other interpreters and NumPy versions can be asked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.commands.digest import simulated_span, stream_digests
from simulator.city import City
from simulator.network_files.loader import load_network
from simulator.scenario_files.loader import load_scenario
from storage.digest import stream_digest
from storage.schema import Stream

DATA = Path(__file__).parent.parent / "data"
SHIPPED, SCENARIOS = DATA / "lines.yaml", DATA / "scenarios"
WINDOWS = {
    "weekday morning": (datetime(2026, 11, 18, 5, tzinfo=UTC), 4),
    "weekday afternoon in August": (datetime(2026, 8, 11, 15, 17, 13, tzinfo=UTC), 2),
    "saturday": (datetime(2026, 11, 21, 11, tzinfo=UTC), 2),
    "holiday": (datetime(2026, 12, 8, 17, tzinfo=UTC), 2),
    "night": (datetime(2026, 11, 20, 0, tzinfo=UTC), 5),
    "clocks go forward": (datetime(2026, 3, 29, 0, tzinfo=UTC), 4),
    "clocks go back": (datetime(2026, 10, 25, 0, tzinfo=UTC), 4),
}


def digests(
    windows: Collection[str] = tuple(WINDOWS), *, seed: int = 1, jobs: int = 1
) -> dict[str, dict[str, str]]:
    """For each of these windows the digest of each stream."""
    city = City(load_network(SHIPPED), seed=seed, jobs=jobs)
    try:
        found = {}
        for name in windows:
            start, hours = WINDOWS[name]
            batches = city.window(start, start + timedelta(hours=hours), list(Stream))
            found[name] = {str(stream): stream_digest([batches[stream]], stream) for stream in Stream}
        return found
    finally:
        city.close()


def scenario_names() -> tuple[str, ...]:
    """The shipped scenarios, in order."""
    return tuple(sorted(path.stem for path in SCENARIOS.glob("*.yaml")))


def scenario_digests(names: Collection[str] = scenario_names()) -> dict[str, dict[str, str]]:
    """For each of these scenarios the digest of each stream over its dates."""
    found, shipped = {}, load_network(SHIPPED)
    for name in names:
        scenario = load_scenario(SCENARIOS / f"{name}.yaml", lambda _: shipped)
        city = City(scenario.applied_to(shipped), seed=scenario.seed, scenario=scenario)
        start, end = simulated_span(scenario)
        found[name] = {str(s): digest for s, digest in stream_digests(city, start, end).items()}
    return found


KINDS: dict[str, Callable[..., dict[str, dict[str, str]]]] = {
    "windows": digests,
    "scenarios": scenario_digests,
}

if __name__ == "__main__":
    print(json.dumps(KINDS[sys.argv[1]](*filter(None, [sys.argv[2:]])), indent=2))  # noqa: T201 - this is its output
