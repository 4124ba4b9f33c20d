"""The ids that a network's stops, lines and trips have in its GTFS feed; realtime messages use the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulator.network import Network


@dataclass(frozen=True, slots=True)
class FeedIds:
    """The feed's ids of stops and routes, by the simulator's ids of stops and lines."""

    stop: Mapping[str, str]
    route: Mapping[str, str]


def feed_ids(network: Network) -> FeedIds:
    """The ids of the feed that the network was imported from, else the simulator's.

    Lines that were one route there, such as its day and its night trips, have the simulator's ids.
    """
    return FeedIds(
        stop=_feed_ids((stop.stop_id, stop.gtfs_id) for stop in network.stops),
        route=_feed_ids((line.line_id, line.gtfs_id) for line in network.lines),
    )


def trip_id(line_id: str, service_id: str, direction: int, number: int) -> str:
    """The id of a planned trip, without a date: `L1-weekday-0-001`.

    `number` is the trip's place among the planned departures of its direction and service.
    """
    return f"{line_id}-{service_id}-{direction}-{number:03d}"


def _feed_ids(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Theirs, where it is given and nothing else has it, neither as theirs nor as ours; else ours."""
    listed = list(pairs)
    taken = Counter(theirs for _, theirs in listed if theirs)
    ours = {own for own, _ in listed}
    return {
        own: theirs if theirs and taken[theirs] == 1 and (theirs == own or theirs not in ours) else own
        for own, theirs in listed
    }
