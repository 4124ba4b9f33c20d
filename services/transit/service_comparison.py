"""What a scenario or the interventions change of the service, by line. `services.reports` simulates it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ComparedMeasure:
    """A measure of the day as it is and with the scenario; None where nothing was measured."""

    title: str
    unit: str
    undisturbed: float | None
    with_scenario: float | None


@dataclass(frozen=True, slots=True)
class LineComparison:
    """The measures of one line, or of all compared lines together (`line_id` None)."""

    line_id: str | None
    name: str
    measures: Sequence[ComparedMeasure]


@dataclass(frozen=True, slots=True)
class ServiceComparison:
    """A scenario's effect on a service day: on all lines that it changes, then on each of them.

    `left_out` are lines that it changes, too, but that were not simulated.
    """

    scenario: str
    description: str
    day: date
    lines: Sequence[LineComparison]
    left_out: Sequence[str]


@dataclass(frozen=True, slots=True)
class JournalCost:
    """What a run's interventions have changed up to an instant: on all lines together, then on each of them.

    `left_out` are lines that they change, too, but that were not simulated.
    """

    until: datetime
    lines: Sequence[LineComparison]
    left_out: Sequence[str]


class JournalCosts(Protocol):
    """Compares a run with itself without its interventions."""

    def __call__(self) -> JournalCost:
        """Simulate both. Raises `BadRequest` where the first intervention was too long ago."""


class CompareService(Protocol):
    """Compares the present service day with the same day under a shipped scenario."""

    def __call__(self, scenario: str) -> ServiceComparison:
        """Simulate both. Raises `BadRequest` for an unknown scenario and one for another network."""
