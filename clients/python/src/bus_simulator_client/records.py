"""Records in sequence: those of one answer, and ranges that fetch page after page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, overload

from bus_simulator_client import frames
from bus_simulator_client.calls import Call, Page, PagesCall, Query, items_in
from bus_simulator_client.decoding import decode, instant

if TYPE_CHECKING:
    import pandas
    import polars

Item = TypeVar("Item")
Fetch: TypeAlias = Callable[[Call[Page[Item]]], Page[Item]]
AsyncFetch: TypeAlias = Callable[[Call[Page[Item]]], Awaitable[Page[Item]]]


class Records(Sequence[Item]):
    """A sequence of records."""

    def __init__(self, items: Sequence[Item]) -> None:
        """Hold the records."""
        self._items = items

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"<{len(self)} records>"

    def to_pandas(self) -> pandas.DataFrame:
        """Return the records as a pandas data frame."""
        return frames.to_pandas(self._items)

    def to_polars(self) -> polars.DataFrame:
        """Return the records as a Polars data frame."""
        return frames.to_polars(self._items)


class Snapshot(Records[Item]):
    """All records at one instant, in the order of their ids; `time` is the instant of their tick."""

    def __init__(self, time: datetime, items: Sequence[Item]) -> None:
        """Hold the records."""
        super().__init__(items)
        self.time = time

    def __repr__(self) -> str:
        return f"<{len(self)} records of {self.time.isoformat()}>"


class Pages(Iterator[Item], Generic[Item]):
    """An iterator over the records of a range or a listing; a page is fetched when it is needed."""

    def __init__(self, call: PagesCall[Item], fetch: Fetch[Item]) -> None:
        """Fetch nothing yet."""
        self._pages = self._fetched(call, fetch)
        self._items: Iterator[Item] = (item for page in self._pages for item in page)

    @staticmethod
    def _fetched(call: PagesCall[Item], fetch: Fetch[Item]) -> Iterator[list[Item]]:
        page = fetch(call.page(None))
        yield page.items
        while page.next_cursor is not None:
            page = fetch(call.page(page.next_cursor))
            yield page.items

    def __next__(self) -> Item:
        return next(self._items)

    def pages(self) -> Iterator[list[Item]]:
        """Iterate over pages: lists of records."""
        return self._pages

    def to_pandas(self) -> pandas.DataFrame:
        """Fetch what is left and return it as a pandas data frame."""
        return frames.to_pandas(list(self))

    def to_polars(self) -> polars.DataFrame:
        """Fetch what is left and return it as a Polars data frame."""
        return frames.to_polars(list(self))


class AsyncPages(AsyncIterator[Item], Generic[Item]):
    """`Pages` for `async for`."""

    def __init__(self, call: PagesCall[Item], fetch: AsyncFetch[Item]) -> None:
        """Fetch nothing yet."""
        self._pages = self._fetched(call, fetch)
        self._items = self._flattened()

    @staticmethod
    async def _fetched(call: PagesCall[Item], fetch: AsyncFetch[Item]) -> AsyncIterator[list[Item]]:
        page = await fetch(call.page(None))
        yield page.items
        while page.next_cursor is not None:
            page = await fetch(call.page(page.next_cursor))
            yield page.items

    async def _flattened(self) -> AsyncIterator[Item]:
        async for page in self._pages:
            for item in page:
                yield item

    async def __anext__(self) -> Item:
        return await anext(self._items)

    def pages(self) -> AsyncIterator[list[Item]]:
        """Iterate over pages: lists of records."""
        return self._pages

    async def to_list(self) -> list[Item]:
        """Fetch what is left."""
        return [item async for item in self]

    async def to_pandas(self) -> pandas.DataFrame:
        """Fetch what is left and return it as a pandas data frame."""
        return frames.to_pandas(await self.to_list())

    async def to_polars(self) -> polars.DataFrame:
        """Fetch what is left and return it as a Polars data frame."""
        return frames.to_polars(await self.to_list())


def snapshot(path: str, model: type[Item], query: Query) -> Call[Snapshot[Item]]:
    """Return the request for all records at one instant."""

    def read(data: object) -> Snapshot[Item]:
        items = [decode(model, each) for each in items_in(data)]
        return Snapshot(instant(data.get("time") if isinstance(data, dict) else None), items)

    return Call(path, query, read)


def listed(path: str, model: type[Item], query: Query) -> Call[Records[Item]]:
    """Return the request for some records in one answer."""
    return Call(path, query, lambda data: Records([decode(model, each) for each in items_in(data)]))
