"""A store read from an event loop: at once what it has in memory, everything else in a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

from services.queries.memory_reader import MemoryReader, NotInMemory, RemembersLatest
from storage.store import Reader, Store

T = TypeVar("T")


class AsyncReader:
    """Runs queries on a store without blocking the event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._memory = MemoryReader(store) if isinstance(store, RemembersLatest) else None

    async def read(self, query: Callable[[Reader], T], *, recent: bool) -> T:
        """Return the query's result; `recent` says that memory may hold what it reads.

        A cancelled caller doesn't wait for the thread. Raises what the query does.
        """
        if recent and self._memory is not None:
            try:
                return query(self._memory)
            except NotInMemory:
                pass
        return await to_thread.run_sync(query, self._store, abandon_on_cancel=True)
