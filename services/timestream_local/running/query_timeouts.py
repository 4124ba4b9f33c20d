"""Interrupting queries that take too long: one thread checks all running queries every second.

A timer for each query would need a thread for each, and waking a thread at the start of each query would slow
down short queries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic


class QueryTimeouts:
    """Interrupts queries that run for longer than `seconds`, at most `step_s` later."""

    def __init__(self, seconds: float, step_s: float = 1.0) -> None:
        self._seconds, self._step_s = seconds, step_s
        self._running: dict[str, tuple[float, Callable[[], object]]] = {}
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="timestream-query-timeouts", daemon=True)
        self._thread.start()

    @property
    def running(self) -> frozenset[str]:
        """The ids of the running queries."""
        with self._lock:
            return frozenset(self._running)

    @contextmanager
    def limit(self, query_id: str, interrupt: Callable[[], object]) -> Iterator[None]:
        """Limit the time of the query that runs in the block, and interrupt it by calling `interrupt`.

        `interrupt` is never called after the block. It is called repeatedly, since DuckDB ignores an
        interrupt just before a query starts.
        """
        with self._lock:
            self._running[query_id] = monotonic() + self._seconds, interrupt
        try:
            yield
        finally:
            with self._lock:
                del self._running[query_id]

    def interrupt(self, query_id: str) -> None:
        """Interrupt a query now, if it is running."""
        with self._lock:
            self._interrupt([query_id] if query_id in self._running else [])

    def interrupt_all(self) -> None:
        """Interrupt all running queries now, and queries that start later at the next check."""
        with self._lock:
            self._seconds = 0.0
            self._interrupt(list(self._running))

    def close(self) -> None:
        """End the thread. No query is interrupted any more."""
        self._closed.set()
        self._thread.join()

    def _interrupt(self, query_ids: Sequence[str]) -> None:
        for query_id in query_ids:
            interrupt = self._running[query_id][1]
            self._running[query_id] = 0.0, interrupt
            interrupt()

    def _watch(self) -> None:
        while not self._closed.wait(self._step_s):
            now = monotonic()
            with self._lock:
                for due, interrupt in self._running.values():
                    if due <= now:
                        interrupt()
