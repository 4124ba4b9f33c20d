"""Entries that change how many people come to stops."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simulator.network import Line
from simulator.scenario.digest import LATER
from simulator.scenario.spans import WHOLE_DAY, Period, Span
from simulator.types import LineId, StopId


@dataclass(frozen=True, slots=True)
class DemandChange:
    """`factor` times as many people come for `lines` (empty: all) to `stops` (empty: all)."""

    factor: float
    lines: tuple[LineId, ...] = ()
    stops: tuple[StopId, ...] = ()
    span: Span = WHOLE_DAY
    period: Period | None = field(default=None, metadata=LATER)


@dataclass(frozen=True, slots=True)
class Surge:
    """`people_per_min` more people a minute come to a stop, divided evenly among its lines (or `lines`)."""

    stop_id: StopId
    people_per_min: float
    span: Span
    lines: tuple[LineId, ...] = ()
    period: Period | None = field(default=None, metadata=LATER)


def surges_of_line(
    surges: Iterable[Surge], line: Line, lines_of_stop: Mapping[str, tuple[LineId, ...]]
) -> Iterable[Surge]:
    """The surges at a line's stops, with the line's share of their people."""
    for surge in surges:
        if surge.stop_id not in line.stop_ids:
            continue  # so that a surge at a stop that a later network lacks disturbs nobody
        lines = surge.lines or lines_of_stop[surge.stop_id]
        if line.line_id in lines:
            yield dataclasses.replace(surge, people_per_min=surge.people_per_min / len(lines))
