"""Entries that add buses to a line."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.types import BusId, LineId


@dataclass(frozen=True, slots=True)
class ExtraBuses:
    """`count` more buses run on a line."""

    line_id: LineId
    count: int
    capacity: int


def extra_bus_id(line_id: LineId, number: int) -> BusId:
    """The id of a line's nth extra bus."""
    return BusId(f"{line_id}-extra-{number}")
