"""The legs of a bus's service day, which its process writes one after the other."""

from __future__ import annotations

from array import array
from typing import NamedTuple

from simulator.day.line_state import EmptyRun
from simulator.day.passengers import Trip
from simulator.network import PatternPosition

HOP, STAND, PARK, HALT = 0, 1, 2, 3
"""Kinds of leg: to a trip's next stop; at (or empty to) a terminal until departure; home until the end;
broken down where the last leg ended."""

SECTION_COLUMNS = ("kind", "trip", "pattern", "path", "position", "legs")
"""A section is a number of consecutive `legs` of one kind, the first of which leads to `position` of the
pattern and each after it to the next. `trip` and `path` index the line-day's trips and paths."""
LEG_COLUMNS = ("changed", "brakes", "stops", "opens", "leaves", "boarding", "alighting", "left_behind")
"""A leg's integers. `changed`, `brakes`, `stops`: ends of the motion's pieces; `opens`: when the doors open,
equal to `leaves` where they stay shut."""


class Stand(NamedTuple):
    """A bus stood at a terminal from `since` until it left on a `trip`, which it showed from `shown` on."""

    since: int
    shown: int
    left: int
    trip: int


class Halt(NamedTuple):
    """A broken-down bus stood from `since` to `until`, and seemed to go to a `target`."""

    since: int
    until: int
    target: PatternPosition


class Shift(NamedTuple):
    """A bus was in service from its first departure until it left its last stop."""

    begins: int
    ends: int


class BusLegs:
    """`sections`, `legs` and `speeds` are a bus's legs in order.

    `shifts` are when it was in service, more than one if it was on strike in between. Later revisions of the
    day must know the `stands` and `halts`.
    """

    def __init__(self) -> None:
        # Arrays, not lists of tuples: a weekday of a city has millions of legs, and NumPy reads arrays as
        # they are.
        self.sections, self.legs, self.speeds = array("q"), array("q"), array("d")
        self.shifts: list[Shift] = []
        self.stands: list[Stand] = []
        self.halts: list[Halt] = []
        self._begins_shift = True

    def _write_departure(self, run: EmptyRun, trip: Trip, opens: int, left_behind: int, stand: Stand) -> None:
        """Write the row of a bus that leaves a trip's first stop, and begin its shift if it had none."""
        leaves = trip.departed
        self.sections.extend((STAND, trip.number, trip.pattern, run.path, trip.first, 1))
        self.legs.extend((run.changed, run.brakes, run.stops, opens, leaves, trip.load, 0, left_behind))
        self.speeds.append(run.speed)
        self.stands.append(stand)
        if self._begins_shift:
            self.shifts.append(Shift(leaves, leaves))
            self._begins_shift = False

    def _write_row(self, kind: int, run: EmptyRun, target: PatternPosition, until: int) -> None:
        """Write the row of an empty run to a stop, where the bus stands with closed doors until then."""
        self.sections.extend((kind, -1, target.pattern, run.path, target.position, 1))
        self.legs.extend((run.changed, run.brakes, run.stops, until, until, 0, 0, 0))
        self.speeds.append(run.speed)
