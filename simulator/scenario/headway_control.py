"""Entries that change how headways are controlled."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from simulator.scenario.digest import LATER
from simulator.scenario.spans import Period, Span


class HeadwayControl(StrEnum):
    """How headways are controlled."""

    NONE = "none"
    """After its first departure of the day a bus leaves each terminal as soon as it is ready."""
    TERMINALS = "terminals"
    """Departures from terminals keep the planned headway, as on ordinary days."""
    HEADWAY = "headway"
    """In addition a bus that follows another too closely is held at stops under way."""


@dataclass(frozen=True, slots=True)
class ControlChange:
    """Another headway control in a part of the day."""

    control: HeadwayControl
    span: Span
    period: Period | None = field(default=None, metadata=LATER)
