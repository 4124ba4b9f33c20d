"""Entries that disturb trips: broken buses, closed roads and stops, slow zones, strikes."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.scenario.digest import LATER
from simulator.scenario.spans import WHOLE_DAY, Period, Span
from simulator.types import BusId, LineId, StopId


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A bus breaks down at the first stop it reaches at or after `time_s` (at `stop_id`, where one is named).

    Everybody alights and waits there for the next bus. The bus stands for `repair_s`, then runs again. With a
    `period` it breaks down from its start on, and is repaired by its end at the latest.
    """

    bus_id: BusId
    time_s: int
    repair_s: int
    stop_id: StopId | None = None
    period: Period | None = field(default=None, metadata=LATER)
    repaired_by_s: int | None = field(default=None, metadata=LATER)
    """The second by which it is repaired, for a line-day's breakdown whose period has ended."""


@dataclass(frozen=True, slots=True)
class Closure:
    """The road between two stops of a line is closed in both directions; stops between aren't served.

    Buses take `detour_s` longer; None: they turn at the last stop before it, where everybody alights.
    """

    line_id: LineId
    from_stop: StopId
    to_stop: StopId
    span: Span
    detour_s: int | None = None
    period: Period | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class SlowZone:
    """Between two stops of a line, in both directions, buses have `speed_factor` times their speed."""

    line_id: LineId
    from_stop: StopId
    to_stop: StopId
    span: Span
    speed_factor: float
    period: Period | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class ClosedStop:
    """No bus serves a stop: nobody comes, people who wait leave, passengers for it alight at the next."""

    stop_id: StopId
    span: Span
    period: Period | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Strike:
    """A share of each line's buses doesn't run; `lines`: empty for all. At least one bus of a line runs.

    All day these buses stay at their terminals. In a part of it they take up no trip and go home.
    """

    share: float
    lines: tuple[LineId, ...] = ()
    span: Span = field(default=WHOLE_DAY, metadata=LATER)
    period: Period | None = field(default=None, metadata=LATER)
