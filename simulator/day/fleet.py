"""How many buses a line's timetable needs, their home terminals, and which terminal's buses run which trip.

Each departure takes the bus that has been ready at its terminal for longest, so a terminal's buses are
interchangeable. The fewest buses that suffice are therefore the most that are ever missing there: departures
so far minus buses that have arrived and rested. Buses stay on their line; they run empty between terminals
only where the line has fewer.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from simulator.network import Bus
from simulator.types import BusId

LEAST_REST_S = 300
REST_SHARE = 0.1
"""Between trips a bus rests five minutes, or a tenth of the trip if that is longer (usual in timetables)."""

TOLERATED_S = 600
"""A planned departure may be so late before a bus runs empty from the other terminal to it."""
CANCELLED_S = 1800
"""A scheduled departure that would be over half an hour late doesn't run."""


class Duty(NamedTuple):
    """A trip as planned: departure and its terminal (0 or 1), when the bus is ready again, and where."""

    departs_s: float
    terminal: int
    ready_s: float
    ends_at: int


def rest_s(takes_s: float) -> float:
    """The least layover after a trip of `takes_s` seconds."""
    return max(LEAST_REST_S, REST_SHARE * takes_s)


def buses_needed(duties: Iterable[Duty]) -> tuple[int, int]:
    """The fewest buses, by home terminal, with which every trip departs in time."""
    duties = list(duties)
    departs = [sorted(duty.departs_s for duty in duties if duty.terminal == end) for end in (0, 1)]
    ready = [sorted(duty.ready_s for duty in duties if duty.ends_at == end) for end in (0, 1)]
    # At the nth departure n buses have been needed; those that had arrived by then serve again.
    first, second = (
        max((count - bisect_right(came, at) for count, at in enumerate(left, start=1)), default=0)
        for left, came in zip(departs, ready, strict=True)
    )
    return max(first, 0), max(second, 0)


def sources(duties: Sequence[Duty], homes: tuple[int, int], empty_s: float) -> list[int]:
    """For each of the duties (by departure) the terminal from which its bus comes.

    That is the duty's own terminal, unless a bus there would be over `TOLERATED_S` late and one that runs
    empty from the other (`empty_s`) would be there earlier.
    """
    # Per terminal a heap of the seconds at which its buses are ready; `homes` of them are so from the start.
    ready = [[0.0] * count for count in homes]
    result = []
    for duty in duties:
        here, there = ready[duty.terminal], ready[1 - duty.terminal]
        own_s = max(here[0], duty.departs_s) if here else math.inf
        other_s = max(there[0] + empty_s, duty.departs_s) if there else math.inf
        stays = own_s <= duty.departs_s + TOLERATED_S or own_s <= other_s
        if here or there:
            heapq.heappop(here if stays else there)
            # A trip that would be later than this is cancelled, so its bus is no later than this either.
            late_s = min(own_s if stays else other_s, duty.departs_s + CANCELLED_S) - duty.departs_s
            heapq.heappush(ready[duty.ends_at], duty.ready_s + late_s)
        result.append(duty.terminal if stays else 1 - duty.terminal)
    return result


def buses(names: Sequence[str], homes: tuple[int, int], capacity: int) -> list[Bus]:
    """Buses with these names, `homes` of them at home at either terminal, in the order of departure."""
    first, second = homes
    # Initial positions order the first departures: from just below 0.5 down to 0 at the first terminal, from
    # just below 1 down to 0.5 at the last.
    places = [round(0.5 * (first - 1 - i) / first, 4) for i in range(first)]
    places += [round(0.5 + 0.5 * (second - 1 - i) / second, 4) for i in range(second)]
    return [Bus(BusId(name), capacity, place) for name, place in zip(names, places, strict=True)]
