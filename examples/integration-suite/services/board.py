"""A departures board at a stop: the number of people waiting, and the next buses of a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.request import Request, urlopen

FULL = 60
"""A bus with at least this many passengers is shown as crowded."""


@dataclass(frozen=True, slots=True)
class Board:
    """A board that reads the API at `url`, sending `headers`."""

    url: str
    headers: Mapping[str, str]

    def waiting(self, stop_id: str) -> int:
        """The number of people waiting at a stop."""
        return int(self._get(f"/people-count/{stop_id}?mode=latest")["count"])

    def coming(self, line_id: str, stop_id: str) -> list[str]:
        """The line's buses whose next stop is this one, nearest first."""
        buses = self._get(f"/bus-position/line/{line_id}?mode=latest")["buses"]
        near = [bus for bus in buses if bus["next_stop_id"] == stop_id]
        return [self._text(bus) for bus in sorted(near, key=lambda bus: bus["distance_to_next_stop"])]

    def _text(self, bus: Mapping[str, Any]) -> str:
        crowded = " (crowded)" if bus["passenger_count"] >= FULL else ""
        return f"{bus['bus_id']} in {bus['distance_to_next_stop']:.0f} m{crowded}"

    def _get(self, path: str) -> Any:
        with urlopen(Request(self.url + path, headers=dict(self.headers)), timeout=10) as answer:
            return json.load(answer)
