"""What the parts tell one another through EventBridge: entries made of a feeder's batches.

`bus.position.updated` has one entry a line and tick, whose positions are those of REST; `bus.arrival` one a
visit with open doors, sent when the doors have closed: its `time` is the arrival, its people those at the
stop for that line after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from services.queries.bodies import bus_position_body
from services.times import format_instant, parse_instant
from storage.records import records_of
from storage.schema import BusPosition, StopVisit, Stream

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE = "bus-simulator"
POSITIONS = "bus.position.updated"
ARRIVAL = "bus.arrival"
RULE_PATTERN: Mapping[str, Sequence[str]] = {"source": [SOURCE], "detail-type": [POSITIONS]}
"""Of what the queue and the function of the live positions are sent."""

MOST_ENTRIES = 10
MOST_BYTES = 200_000
"""In one call of PutEvents."""
ROOM_BYTES = 1_000
"""For what is in a call beside details."""
MOST_POSITIONS = 500
"""In one entry: a line with more buses has several a tick."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event: its kind and its detail as JSON."""

    kind: str
    detail: str

    @property
    def size(self) -> int:
        """Bytes, as EventBridge counts them."""
        return len(SOURCE) + len(self.kind) + len(self.detail.encode())

    def entry(self, bus: str) -> dict[str, str]:
        """What PutEvents takes."""
        return {"EventBusName": bus, "Source": SOURCE, "DetailType": self.kind, "Detail": self.detail}


def events_of(stream: Stream, rows: pa.Table) -> Iterator[Event]:
    """The events of what a feeder has stored, in order of time; none of other streams than two."""
    if stream is Stream.BUS_POSITION:
        yield from position_events(records_of(rows, BusPosition))
    elif stream is Stream.STOP_VISIT:
        yield from (arrival_event(visit) for visit in records_of(rows, StopVisit) if visit.doors_open)


def position_events(positions: Iterable[BusPosition]) -> Iterator[Event]:
    """One for each line and tick, of positions ordered by time."""
    for time, tick in groupby(positions, key=lambda position: position.time):
        by_line: dict[str, list[BusPosition]] = {}
        for position in tick:
            by_line.setdefault(position.line_id, []).append(position)
        for line_id, found in sorted(by_line.items()):
            for first in range(0, len(found), MOST_POSITIONS):
                bodies = [bus_position_body(each) for each in found[first : first + MOST_POSITIONS]]
                detail = {"time": format_instant(time), "line_id": line_id, "positions": bodies}
                yield Event(POSITIONS, _json(detail))


def arrival_event(visit: StopVisit) -> Event:
    """The event of a visit."""
    detail = {
        "bus_id": visit.bus_id,
        "line_id": visit.line_id,
        "stop_id": visit.stop_id,
        "time": format_instant(visit.arrival_time),
        "passengers_boarding": visit.boarding,
        "passengers_alighting": visit.alighting,
        "bus_passenger_count": visit.passenger_count,
        "stop_people_count": visit.waiting,
    }
    return Event(ARRIVAL, _json(detail))


def put_events_batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    """The events in the parts that one call takes: at most ten, at most 200 KB."""
    part: list[Event] = []
    size = ROOM_BYTES
    for event in events:
        if part and (len(part) == MOST_ENTRIES or size + event.size > MOST_BYTES):
            yield part
            part, size = [], ROOM_BYTES
        part.append(event)
        size += event.size
    if part:
        yield part


def positions_of(event: Mapping[str, Any]) -> list[BusPosition]:
    """The positions of an event as EventBridge delivers it. ValueError for what isn't one.

    A position is told without its trip, which REST doesn't show either.
    """
    if not isinstance(event, Mapping):
        raise ValueError(f"no event, but {type(event).__name__}")
    if event.get("source") != SOURCE or event.get("detail-type") != POSITIONS:
        raise ValueError(f"no {POSITIONS} of {SOURCE}")
    try:
        return [
            BusPosition(**{**body, "time": parse_instant(body["time"])}, trip_id="")
            for body in event["detail"]["positions"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a {POSITIONS} without positions: {error}") from None


def _json(detail: Mapping[str, object]) -> str:
    return json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
