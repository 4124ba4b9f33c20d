"""The requests as values: a path, query parameters, and how the answer is read. No transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, TypeAlias, TypeVar
from urllib.parse import quote

from bus_simulator_client.decoding import decode
from bus_simulator_client.errors import UnexpectedAnswer

T = TypeVar("T")
Item = TypeVar("Item")

Moment: TypeAlias = datetime | date | str
"""An instant: a `datetime` (UTC unless it has a zone), a date, or text in ISO 8601."""
Names: TypeAlias = str | Sequence[str] | None
"""One id or several; None: all."""
Box: TypeAlias = Sequence[float] | None
"""West, south, east and north in degrees; None: everywhere."""
Query: TypeAlias = Mapping[str, str]

GeoJson: TypeAlias = dict[str, object]
"""A FeatureCollection."""

LATEST: Query = {"mode": "latest"}
PAGE_ITEMS = "10000"
"""The most items that the API puts on a page."""


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request whose answer is read by `read`."""

    path: str
    query: Query
    read: Callable[[object], T]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page of a listing or a range, and the cursor of the next; None at the end."""

    items: list[Item]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PagesCall(Generic[Item]):
    """A request whose answer comes in pages."""

    path: str
    query: Query
    item: Callable[[object], Item]

    def page(self, cursor: str | None) -> Call[Page[Item]]:
        """Return the request for one page."""
        query = {"limit": PAGE_ITEMS, **self.query}
        return Call(self.path, query if cursor is None else {**query, "cursor": cursor}, self._read)

    def _read(self, data: object) -> Page[Item]:
        cursor = data.get("next_cursor") if isinstance(data, dict) else None
        return Page([self.item(each) for each in items_in(data)], cursor)


def one(path: str, model: type[T], query: Query | None = None) -> Call[T]:
    """Return a request that answers one object."""
    return Call(path, query or {}, lambda data: decode(model, data))


def raw(path: str) -> Call[GeoJson]:
    """Return a request that answers GeoJSON, which other libraries take as it is."""

    def read(data: object) -> GeoJson:
        if not isinstance(data, dict):
            raise UnexpectedAnswer(f"The server sent no GeoJSON: {str(data)[:100]}")
        return data

    return Call(path, {}, read)


def items_in(data: object) -> list[object]:
    """Return the items of a page or a snapshot. Raises `UnexpectedAnswer`."""
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise UnexpectedAnswer(f"The server sent no items: {str(data)[:100]}")
    return items


def path(*parts: str) -> str:
    """Return a path of parts, escaped."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True, slots=True)
class When:
    """The query for an instant or a range, and which of the two it is."""

    query: Query
    is_range: bool

    @classmethod
    def of(cls, timestamp: Moment | None, start: Moment | None, end: Moment | None) -> When:
        """Return the query for now, an instant, or a range [start, end).

        Raises `ValueError` for half a range, and for a range and an instant.
        """
        if start is not None and end is not None and timestamp is None:
            return cls({"start": instant_text(start), "end": instant_text(end)}, is_range=True)
        if start is not None and end is not None:
            raise ValueError("give either timestamp= or start= and end=")
        if start is not None or end is not None:
            raise ValueError("a range needs both start= and end=")
        return cls(LATEST if timestamp is None else {"timestamp": instant_text(timestamp)}, is_range=False)

    def only(self, line_id: Names, stop_id: Names, bbox: Box) -> When:
        """Return the query for some lines, stops or a box of (west, south, east, north) degrees only."""
        found = {"line_id": names_text(line_id), "stop_id": names_text(stop_id), "bbox": names_text(bbox)}
        chosen = {name: text for name, text in found.items() if text is not None}
        return When({**self.query, **chosen}, self.is_range)


def names_text(names: Names | Box) -> str | None:
    """Return ids or numbers with commas between them."""
    return names if names is None or isinstance(names, str) else ",".join(map(str, names))


def arrivals_query(line_id: Names, limit: int | None, horizon_min: int | None) -> Query:
    """Return the query for some of the next buses at a stop."""
    given = {"line_id": names_text(line_id), "limit": limit, "horizon_min": horizon_min}
    return {name: str(value) for name, value in given.items() if value is not None}


def visits_path(stop_id: str | None, bus_id: str | None, line_id: str | None) -> str:
    """Return the path of the visits of a stop, a bus or a line. Raises `ValueError` unless one is given."""
    given = [(kind, each) for kind, each in (("stop", stop_id), ("bus", bus_id), ("line", line_id)) if each]
    if len(given) != 1:
        raise ValueError("give one of stop_id=, bus_id= and line_id=")
    return path("stop-visits", *given[0])


def instant_text(moment: Moment) -> str:
    """Return an instant as the API reads it."""
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    return moment if isinstance(moment, str) else moment.isoformat()
