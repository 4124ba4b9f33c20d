"""What earlier revisions of a line-day have fixed: things that show before they happen.

A bus that waits for its departure shows its trip; a broken-down bus shows where it will go; people give up
because no bus comes any more. When something changes at an instant, these must stay as they were until then.
Instants are ms from the service day's origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from simulator.day.stop_queues import QueueId
from simulator.network import PatternPosition
from simulator.types import BusId


class Standing(NamedTuple):
    """A bus that stands at a stop since an instant."""

    bus_id: BusId
    since: int


class TripNumber(NamedTuple):
    """A trip's direction and its number among the trips of that direction, which are in its id."""

    direction: int
    number: int


class Target(NamedTuple):
    """Where a broken-down bus seemed to go `until` an instant."""

    until: int
    target: PatternPosition


class Serving(NamedTuple):
    """By the instant `known` a bus had `ended` its last shift; None: it was in service."""

    known: int
    ended: int | None


class GaveUp(NamedTuple):
    """The instants at which people at a queue had given up by the instant `known`."""

    known: int
    queue_id: QueueId
    instants: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Past:
    """The facts of a line-day before its last revision.

    `trips` are those that waiting buses showed, `targets` the stops that broken-down ones did, `serving` says
    for each revision whether a bus was in service, `gave_up` are the people who had given up.
    """

    until: int = -1
    trips: Mapping[Standing, TripNumber] = field(default_factory=dict)
    targets: Mapping[Standing, tuple[Target, ...]] = field(default_factory=dict)
    serving: Mapping[BusId, tuple[Serving, ...]] = field(default_factory=dict)
    gave_up: tuple[GaveUp, ...] = ()


NO_PAST = Past()
