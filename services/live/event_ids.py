"""Ids of events: what a client has received of each stream, so that it can continue from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from simulator.types import to_datetime, to_ms
from storage.schema import Record, Stream

LETTERS: Mapping[str, Stream] = {
    "b": Stream.BUS_POSITION,
    "p": Stream.PEOPLE_COUNT,
    "s": Stream.SENSOR_DATA,
    "v": Stream.STOP_VISIT,
}
LONGEST_ID = 100


def event_id(reached: Mapping[Stream, datetime]) -> str:
    """The id of an event: the time of each stream up to which a client has received everything."""
    of = {stream: letter for letter, stream in LETTERS.items()}
    return "-".join(f"{of[stream]}{to_ms(reached[stream]):x}" for stream in sorted(reached))


def parse_event_id(text: str | None) -> Mapping[Stream, datetime] | None:
    """What `event_id` was made of; None for any other text."""
    if not text or len(text) > LONGEST_ID or not text.isascii():
        return None
    try:
        reached = {LETTERS[part[0]]: to_datetime(int(part[1:], 16)) for part in text.split("-")}
    except (ValueError, LookupError, OverflowError, OSError):
        return None
    return reached if event_id(reached) == text else None


def with_reached(
    records: Sequence[Record], since: Mapping[Stream, datetime]
) -> Iterator[tuple[Sequence[Record], Mapping[Stream, datetime]]]:
    """The records of each instant, with what a client has received of each stream after them."""
    for time, found in groupby(records, key=attrgetter("time")):
        yield list(found), {stream: max(before, time) for stream, before in since.items()}
