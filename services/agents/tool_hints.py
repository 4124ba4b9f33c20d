"""Hints for an agent whose call found nothing: what it may have meant, and what to call next."""

from __future__ import annotations

import difflib

from services.errors import NoData, UnknownEntity, clipped
from services.queries import name_search
from simulator.network import Network

MOST_SUGGESTIONS = 3
EMPTY_RANGE = "There are no records in this time range. It may be in the future or before the history."
MORE = "There are more: call again with next_cursor as cursor."


def unknown(network: Network, entity_id: str, error: UnknownEntity) -> str:
    """The hint for an id that isn't in the network, with similar ids or names."""
    kind, _, _ = str(error).partition(" ")
    near = _near(network, kind, entity_id)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"{error}.{meant} {_LISTINGS[kind]}"


def no_data(error: NoData) -> str:
    """The hint for an entity of which nothing is stored at or before the time."""
    return f"{error} at that time. Try another time, or see what runs with list_lines and line_status."


def no_such_stop(name: str) -> str:
    """The hint for a name that is similar to no stop's."""
    return f"No stop has a name like '{clipped(name)}'. Try a part of the name, or nearest_stops."


_LISTINGS = {
    "Stop": "find_stops finds stops by name.",
    "Bus": "query_line_buses lists the buses of a line.",
    "Line": "list_lines lists all lines.",
}


def _near(network: Network, kind: str, entity_id: str) -> list[str]:
    if kind == "Bus":
        return difflib.get_close_matches(clipped(entity_id), network.line_of_bus, n=MOST_SUGGESTIONS)
    if kind == "Line":
        lines = name_search.find_lines(network, name=clipped(entity_id))[:MOST_SUGGESTIONS]
        return [f"{line.line_id} ({line.name})" for line in lines]
    stops = name_search.find_stops(network, name=clipped(entity_id))[:MOST_SUGGESTIONS]
    return [f"{stop.stop_id} ({stop.name})" for stop in stops]
