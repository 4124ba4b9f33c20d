"""Queries for visits of buses to stops: those of a stop, of a bus, and of a line's buses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.errors import NoData
from services.queries.stream_queries import EntityStream, check_entity
from simulator.network import Network
from storage.schema import StopVisit, Stream
from storage.store import Reader

VISIT_REACH = timedelta(hours=24)
"""The newest visits of a stop or a line are searched so far back."""
PER = {"stop": "line_id", "line": "bus_id"}
"""What each newest visit belongs to: at a stop one of each line, on a line one of each bus."""


def visits_of(kind: str, entity_id: str) -> EntityStream:
    """The visits of a `stop`, `bus` or `line`."""
    return EntityStream(Stream.STOP_VISIT, kind, entity_id, None if kind == "bus" else f"{kind}_id")


def newest_visits(
    store: Reader, network: Network, *, of: EntityStream, time: datetime | None, now: datetime
) -> Sequence[StopVisit]:
    """Return the newest visits at or before a time, None for now: one for each line or bus as in `PER`.

    Raises `UnknownEntity` for an id that isn't in the network, and `NoData` if there is no visit in reach.
    """
    check_entity(network, of.kind, of.entity_id)
    until = now if time is None else min(time, now)
    if of.by is None:
        one = store.at(of.stream, of.entity_id, time=until)
        found = [] if one is None else [one]
    else:
        found = list(
            store.newest_of_each(
                of.stream, of.entity_id, by=of.by, per=PER[of.kind], since=until - VISIT_REACH, now=until
            )
        )
    if not found:
        raise NoData(f"No data found for {of.kind} {of.entity_id}")
    return [record for record in found if isinstance(record, StopVisit)]
