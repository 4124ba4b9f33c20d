"""What the board at a stop shows: how many wait, and which of a line's buses comes next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

FULL = 60
"""From so many people aboard on, a bus is shown as crowded."""


@dataclass(frozen=True, slots=True)
class Board:
    """A board that asks an API at `url` with `headers`."""

    url: str
    headers: Mapping[str, str]

    def waiting(self, stop_id: str) -> int:
        """How many people wait at a stop."""
        return int(self._ask(f"/people-count/{stop_id}?mode=latest")["count"])

    def coming(self, line_id: str, stop_id: str) -> list[str]:
        """The line's buses whose next stop is this one, the nearest first."""
        buses = self._ask(f"/bus-position/line/{line_id}?mode=latest")["buses"]
        near = [bus for bus in buses if bus["next_stop_id"] == stop_id]
        return [self._shown(bus) for bus in sorted(near, key=lambda bus: bus["distance_to_next_stop"])]

    def _shown(self, bus: Mapping[str, Any]) -> str:
        crowded = " (crowded)" if bus["passenger_count"] >= FULL else ""
        return f"{bus['bus_id']} in {bus['distance_to_next_stop']:.0f} m{crowded}"

    def _ask(self, path: str) -> Any:
        with urlopen(Request(self.url + path, headers=dict(self.headers)), timeout=10) as answer:
            return json.load(answer)
