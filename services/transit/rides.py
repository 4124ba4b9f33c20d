"""Direct rides from one stop to another: which bus to take, how long to wait, how full it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from services.transit.arrivals import (
    Arrival,
    Underway,
    arrival_of,
    expected_at,
    underway,
    unserved_stops,
)
from services.transit.line_history import Outlook
from simulator.network import Line, Network


@dataclass(frozen=True, slots=True)
class Ride:
    """A bus that can be boarded at one stop and left at another, `stop_count` stops later at `arrives`."""

    board: Arrival
    board_stop_id: str
    alight_stop_id: str
    stop_count: int
    arrives: datetime


def rides(network: Network, outlook: Outlook, *, start: Collection[str], end: Collection[str]) -> list[Ride]:
    """The direct rides from stops to other stops, by the time of arrival there. May raise `StoreError`."""
    lines = [line for line in network.lines if line.stop_ids & set(start) and line.stop_ids & set(end)]
    outlook.read(lines)
    found = [ride for line in lines for ride in _rides_of(outlook, line, start, end)]
    return sorted(found, key=lambda ride: (ride.arrives, ride.board.position.bus_id))


def _rides_of(outlook: Outlook, line: Line, start: Collection[str], end: Collection[str]) -> Iterator[Ride]:
    for bus in underway(line, outlook.history(line)):
        ride = _ride_of(outlook, bus, start, end)
        if ride is not None:
            yield ride


def _ride_of(outlook: Outlook, bus: Underway, start: Collection[str], end: Collection[str]) -> Ride | None:
    stops = bus.place.pattern.stops
    last = len(stops) - 1
    boards = [i for i in range(bus.place.index, last) if stops[i].stop_id in start and stops[i].boarding]
    unserved = unserved_stops(outlook, bus) if boards else ()
    first = next((i for i in boards if i not in unserved), None)
    if first is None:
        return None
    leaves = (
        i
        for i in range(first + 1, last + 1)
        if stops[i].stop_id in end and (stops[i].alighting or i == last) and i not in unserved
    )
    then = next(leaves, None)
    if then is None:
        return None
    return Ride(
        board=arrival_of(outlook, bus, first),
        board_stop_id=stops[first].stop_id,
        alight_stop_id=stops[then].stop_id,
        stop_count=then - first,
        arrives=expected_at(outlook, bus, then),
    )
