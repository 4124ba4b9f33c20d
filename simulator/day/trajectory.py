"""A line-day as columns: the legs of its buses, the people who came and who gave up.

`line_day` makes it and `window` reads it. A leg runs from the moment a bus left its last stop (`begins`)
until it leaves the next (`leaves`). So each instant of a bus lies in exactly one leg, and the state before
that stop's events is the leg's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.types import BusId, LineId, StopId

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Path:
    """A polyline: degrees, and millimetres from its start."""

    latitude: Floats
    longitude: Floats
    mm: Ints


@dataclass(frozen=True, slots=True)
class Legs:
    """Columns of equal length, by bus and time. Times are ms since the epoch.

    Motion along path `path`: from `from_m` at `begins` with speed `v_in` (m/ms), even change to `speed`
    until `changed`, cruise until `brakes`, even braking until `stops` at `to_m`; then the bus stands, its
    doors open in [`opens`, `leaves`) if `doors`. Of the stop at the end: `stop` (index into
    `Trajectory.stops`), `direction`, `trip` (index into `Trajectory.trips`, -1 when parked), `sequence`
    (from 1; 0 is no visit) and what happened at `leaves`. `load` is the people aboard during the leg,
    `idle_until` when it begins to belong to its trip, `excess` the cabin's CO2 above outdoors at `begins`
    (ppm).
    """

    bus: Ints
    begins: Ints
    changed: Ints
    brakes: Ints
    stops: Ints
    opens: Ints
    leaves: Ints
    idle_until: Ints
    path: Ints
    stop: Ints
    direction: Ints
    trip: Ints
    sequence: Ints
    load: Ints
    boarding: Ints
    alighting: Ints
    left_behind: Ints
    waiting: Ints
    from_m: Floats
    to_m: Floats
    v_in: Floats
    speed: Floats
    excess: Floats
    doors: Bools


@dataclass(frozen=True, slots=True)
class PassengerEvents:
    """People who came to stops, boarded or gave up, by time.

    `stop` indexes `Trajectory.stops`, `ms` is since the epoch, `people` how many.
    """

    stop: Ints
    ms: Ints
    people: Ints


@dataclass(frozen=True, slots=True)
class InService:
    """When each bus was in service: from a departure until its last stop (ms since the epoch)."""

    begins: Ints
    ends: Ints


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One line on one service day, complete for the instants [starts, ends) that the line-day owns.

    `service` has each bus's first shift, then its second one and so on: buses that were on strike in between
    have several. Both bounds are `ends` for a bus without one.
    """

    line_id: LineId
    starts: int
    ends: int
    buses: tuple[BusId, ...]
    capacities: tuple[int, ...]
    stops: tuple[StopId, ...]
    trips: tuple[str, ...]
    paths: tuple[Path, ...]
    legs: Legs
    arrived: PassengerEvents
    boarded: PassengerEvents
    left: PassengerEvents
    service: tuple[InService, ...]
