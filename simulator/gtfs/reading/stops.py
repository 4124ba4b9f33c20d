"""The stops of a feed: a platform without a name or coordinates has those of its station."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.files.csv_table import TableFile

LEVELS = 3
"""A boarding area is in a platform, which is in a station."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FeedStop:
    """A stop's id, name and WGS84 coordinates; None for nodes without any, also not by their station."""

    stop_id: str
    name: str
    place: Place | None


def read_stops(table: TableFile) -> list[FeedStop]:
    """The stops of `stops.txt`, in its order."""
    ids, parents = table.texts("stop_id"), table.texts("parent_station")
    names, platforms = table.texts("stop_name"), table.texts("platform_code")
    places = _places(table)
    row_of = {stop_id: row for row, stop_id in enumerate(ids)}
    stops = []
    for row, stop_id in enumerate(ids):
        chain = [row]
        while len(chain) < LEVELS and parents[chain[-1]] in row_of:
            chain.append(row_of[parents[chain[-1]]])
        name = next((names[i] for i in chain if names[i]), "")
        if platforms[row] and platforms[row] not in name:
            name = f"{name} ({platforms[row]})" if name else platforms[row]
        stops.append(FeedStop(stop_id, name, next((places[i] for i in chain if places[i] is not None), None)))
    return stops


def _places(table: TableFile) -> list[Place | None]:
    both = zip(table.texts("stop_lat"), table.texts("stop_lon"), strict=True)
    return [(float(lat), float(lon)) if lat and lon else None for lat, lon in both]
