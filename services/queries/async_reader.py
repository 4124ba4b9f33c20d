"""Asking a store from an event loop: what it has in memory at once, everything else in a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

from services.queries.memory_reader import NotInMemory, Recent, Remembering
from services.queries.stream_queries import Reader
from storage.store import Store

Answer = TypeVar("Answer")


class Asking:
    """A store, and what of it is in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recent = Recent(store) if isinstance(store, Remembering) else None

    async def ask(self, find: Callable[[Reader], Answer], *, recent: bool) -> Answer:
        """What `find` finds; `recent` says that it may be in memory. Whoever is cancelled doesn't wait."""
        if recent and self._recent is not None:
            try:
                return find(self._recent)
            except NotInMemory:
                pass
        return await to_thread.run_sync(find, self._store, abandon_on_cancel=True)
