"""Filters of requests for all entities: lines, stops, and a box on the map."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from services.errors import BadRequest, UnknownEntity, clipped
from services.queries.parameters import names
from simulator.network import Network
from storage.schema import BusPosition, PeopleCount, Record, SensorReading
from storage.store import Selection

EXAMPLE_BOX = "-3.71,40.41,-3.69,40.43"

Positions: TypeAlias = Callable[[], Sequence[Record]]
"""Reads the buses' positions, for the sensors of the buses at some place."""


class Box(NamedTuple):
    """A box on the map, in degrees (WGS84); its edges belong to it."""

    west: float
    south: float
    east: float
    north: float

    def has(self, latitude: float, longitude: float) -> bool:
        """Whether a point lies in it."""
        return self.south <= latitude <= self.north and self.west <= longitude <= self.east


@dataclass(frozen=True, slots=True)
class Filters:
    """The entities that a request wants: all that satisfy each filter that isn't None.

    A stop satisfies `line_ids` if one of the lines serves it. A bus satisfies `stop_ids` if one of the stops
    is its next, and `box` if it is in there.
    """

    line_ids: frozenset[str] | None = None
    stop_ids: frozenset[str] | None = None
    box: Box | None = None

    @property
    def need_place(self) -> bool:
        """Whether a bus's position decides."""
        return self.stop_ids is not None or self.box is not None


def parse_filters(query: Mapping[str, str]) -> Filters:
    """Parse `line_id`, `stop_id` and `bbox`. Raises `BadRequest` for a box that isn't one."""
    return Filters(_ids(query.get("line_id")), _ids(query.get("stop_id")), _box(query.get("bbox")))


def check_filters(filters: Filters, network: Network) -> None:
    """Raise `UnknownEntity` unless the network has the lines and stops."""
    for kind, ids, known in (
        ("Line", filters.line_ids, network.line),
        ("Stop", filters.stop_ids, network.stop),
    ):
        for unknown in sorted(name for name in ids or () if name not in known):
            raise UnknownEntity(f"{kind} {clipped(unknown)} not found")


def _ids(text: str | None) -> frozenset[str] | None:
    return frozenset(names(text)) or None


def _box(text: str | None) -> Box | None:
    if not text:
        return None
    try:
        box = Box(*map(float, text.split(",")))
    except (TypeError, ValueError):
        box = Box(math.nan, 0, 0, 0)
    # A comparison with NaN is false.
    if -180 <= box.west <= box.east <= 180 and -90 <= box.south <= box.north <= 90:
        return box
    raise BadRequest(
        f"Invalid bbox: {clipped(text)}. Must be west,south,east,north in degrees, such as {EXAMPLE_BOX}"
    )


def matching(
    records: Sequence[Record], filters: Filters, network: Network, positions: Positions
) -> list[int]:
    """The places of the records whose entities satisfy the filters."""
    if filters == Filters():
        return list(range(len(records)))
    stops = _matching_stops(filters, network)
    buses = _matching_buses(filters, network, positions)

    def is_wanted(record: Record) -> bool:
        match record:
            case PeopleCount():
                return record.stop_id in stops
            case SensorReading():
                return record.entity_id in (buses() if record.entity_type == "bus" else stops)
            case BusPosition():
                return _is_wanted_bus(record, filters)
        raise TypeError(f"no filters for a {type(record).__name__}")

    return [place for place, record in enumerate(records) if is_wanted(record)]


def _matching_stops(filters: Filters, network: Network) -> frozenset[str]:
    found = frozenset(network.stop) if filters.stop_ids is None else filters.stop_ids
    if filters.line_ids is not None:
        lines = (network.line[line_id] for line_id in filters.line_ids if line_id in network.line)
        found &= frozenset().union(*(line.stop_ids for line in lines))
    box = filters.box
    if box is not None:
        places = {name: network.stop[name] for name in found if name in network.stop}
        found = frozenset(n for n, place in places.items() if box.has(place.latitude, place.longitude))
    return found


def _matching_buses(filters: Filters, network: Network, positions: Positions) -> Callable[[], frozenset[str]]:
    """A function that returns the ids of buses that satisfy the filters, and reads positions if it must."""
    found: list[frozenset[str]] = []

    def buses() -> frozenset[str]:
        if not found:
            found.append(
                frozenset(
                    position.bus_id
                    for position in positions()
                    if isinstance(position, BusPosition) and _is_wanted_bus(position, filters)
                )
                if filters.need_place
                else frozenset(_buses_of(filters, network))
            )
        return found[0]

    return buses


def _is_wanted_bus(position: BusPosition, filters: Filters) -> bool:
    return (
        (filters.line_ids is None or position.line_id in filters.line_ids)
        and (filters.stop_ids is None or position.next_stop_id in filters.stop_ids)
        and (filters.box is None or filters.box.has(position.latitude, position.longitude))
    )


def _buses_of(filters: Filters, network: Network) -> list[str]:
    wanted = network.line if filters.line_ids is None else filters.line_ids
    lines = (network.line[line_id] for line_id in wanted if line_id in network.line)
    return [bus.bus_id for line in lines for bus in line.buses]


def range_selection(filters: Filters, network: Network, *, kind: str, sensors: bool) -> Selection | None:
    """The records of a range that satisfy the filters; None if none can.

    `kind` is `stop` or `bus`. Raises `BadRequest` where a bus's position would decide, record by record.
    """
    if kind == "bus" and filters.need_place:
        raise BadRequest("Ranges of buses can't have 'stop_id' or 'bbox'. Use 'line_id'")
    entity = "entity_id" if sensors else f"{kind}_id"
    conditions: list[tuple[str, tuple[str, ...]]] = [("entity_type", (kind,))] if sensors else []
    if filters != Filters():
        wanted = _matching_stops(filters, network) if kind == "stop" else _buses_of(filters, network)
        if not wanted:
            return None
        conditions.append((entity, tuple(sorted(wanted))))
    return Selection(tuple(conditions))
