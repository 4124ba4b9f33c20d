"""EventBridge events made from a feeder's batches, and back.

`bus.position.updated` is sent per line and tick; its positions have the form of REST's. `bus.arrival` is sent
per stop visit that opened the doors, when they have closed: `time` is the arrival, `stop_people_count` the
people who still wait for that line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from services.queries.bodies import bus_position_body
from services.times import format_instant, parse_instant
from simulator.network import Network
from storage.records import records_of
from storage.schema import BusPosition, StopVisit, Stream

if TYPE_CHECKING:
    import pyarrow as pa
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef

SOURCE = "bus-simulator"
POSITIONS = "bus.position.updated"
ARRIVAL = "bus.arrival"
RULE_PATTERN: Mapping[str, Sequence[str]] = {"source": [SOURCE], "detail-type": [POSITIONS]}
"""The rule that sends positions to the servers' queue and the WebSocket function."""

MOST_ENTRIES = 10
MOST_BYTES = 200_000
"""Per call of PutEvents."""
ROOM_BYTES = 1_000
"""Allowance for the parts of a call other than the details."""
MOST_POSITIONS = 500
"""Per event: a line with more buses gets several events a tick."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event: its detail type and its detail as JSON."""

    kind: str
    detail: str

    @property
    def size(self) -> int:
        """Size in bytes as EventBridge counts it."""
        return len(SOURCE) + len(self.kind) + len(self.detail.encode())

    def entry(self, bus: str) -> PutEventsRequestEntryTypeDef:
        """The event as PutEvents takes it, for an event bus."""
        return {"EventBusName": bus, "Source": SOURCE, "DetailType": self.kind, "Detail": self.detail}


def events_of(stream: Stream, rows: pa.Table, network: Network) -> Iterator[Event]:
    """The events of stored rows, in order of time. Only positions and visits have any."""
    if stream is Stream.BUS_POSITION:
        yield from position_events(records_of(rows, BusPosition), network)
    elif stream is Stream.STOP_VISIT:
        yield from (arrival_event(visit) for visit in records_of(rows, StopVisit) if visit.doors_open)


def position_events(positions: Iterable[BusPosition], network: Network) -> Iterator[Event]:
    """One event per line and tick from positions ordered by time; `network` is that of their run."""
    for time, tick in groupby(positions, key=lambda position: position.time):
        by_line: dict[str, list[BusPosition]] = {}
        for position in tick:
            by_line.setdefault(position.line_id, []).append(position)
        for line_id, found in sorted(by_line.items()):
            for first in range(0, len(found), MOST_POSITIONS):
                part = found[first : first + MOST_POSITIONS]
                bodies = [bus_position_body(each, network) for each in part]
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
    """Group events into calls of PutEvents: at most 10 events and 200 KB each."""
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
    """The positions of an event as EventBridge delivers it. Raises ValueError for any other event.

    Fields that records don't have are ignored: they are computed again. Events of earlier versions have no
    `trip_id`; it is empty then.
    """
    if not isinstance(event, Mapping):
        raise ValueError(f"not an event but {type(event).__name__}")
    if event.get("source") != SOURCE or event.get("detail-type") != POSITIONS:
        raise ValueError(f"not a {POSITIONS} of {SOURCE}")
    try:
        return [
            BusPosition(**{**_record_fields(body), "time": parse_instant(body["time"])})
            for body in event["detail"]["positions"]
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a {POSITIONS} without positions: {error}") from None


def _record_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"trip_id": "", **{name: body[name] for name in body if name in BusPosition.__slots__}}


def _json(detail: Mapping[str, object]) -> str:
    return json.dumps(detail, ensure_ascii=False, separators=(",", ":"))
