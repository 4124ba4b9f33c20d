"""Entries by which positions go wrong on their way to clients."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from simulator.scenario.digest import LATER
from simulator.scenario.spans import WHOLE_DAY, Period, Span
from simulator.types import BusId


class FaultKind(StrEnum):
    """How positions go wrong on their way to clients. The store keeps the right ones."""

    STUCK = "stuck"
    """A bus's position, speed and load stay those at which the fault began."""
    DELAYED = "delayed"
    """A position is sent `delay_s` late."""
    DROPPED = "dropped"
    """A position is never sent."""
    OUT_OF_ORDER = "out-of-order"
    """A position is sent after the bus's next one."""
    MALFORMED = "malformed"
    """A message is cut off in the middle."""


@dataclass(frozen=True, slots=True)
class WireFault:
    """A share of the positions of `buses` (empty: all) goes wrong on its way to clients.

    For STUCK it is a share of the buses.
    """

    kind: FaultKind
    share: float = 1.0
    buses: tuple[BusId, ...] = ()
    span: Span = WHOLE_DAY
    delay_s: int = 0
    period: Period | None = field(default=None, metadata=LATER)
