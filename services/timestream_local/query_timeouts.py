"""Ends what takes too long: one thread that looks at everything under way, every so often.

A timer for each piece of work would be a thread for each, and waking the one thread costs those who work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic


class Deadlines:
    """Ends a piece of work that takes longer than `seconds`, at most `step_s` late."""

    def __init__(self, seconds: float, step_s: float = 1.0) -> None:
        self._seconds, self._step_s = seconds, step_s
        self._ends: dict[str, tuple[float, Callable[[], object]]] = {}
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="timestream-deadlines", daemon=True)
        self._thread.start()

    @contextmanager
    def around(self, work: str, end: Callable[[], object]) -> Iterator[None]:
        """Around a piece of work. If it takes too long `end` is called at every look until it is done.

        Never after that. (Once isn't enough: what interrupts a query is lost on one that is about to begin.)
        """
        with self._lock:
            self._ends[work] = monotonic() + self._seconds, end
        try:
            yield
        finally:
            with self._lock:
                del self._ends[work]

    def end(self, work: str) -> None:
        """End a piece of work now, if it is under way."""
        with self._lock:
            self._end_now([work] if work in self._ends else [])

    def hurry(self) -> None:
        """End all that is under way now, and whatever begins from now on at the next look."""
        with self._lock:
            self._seconds = 0.0
            self._end_now(list(self._ends))

    def close(self) -> None:
        """End the thread; nothing is ended any more."""
        self._closed.set()
        self._thread.join()

    def _end_now(self, works: Sequence[str]) -> None:
        for work in works:
            end = self._ends[work][1]
            self._ends[work] = 0.0, end
            end()

    def _watch(self) -> None:
        while not self._closed.wait(self._step_s):
            now = monotonic()
            with self._lock:
                for due, end in self._ends.values():
                    if due <= now:
                        end()
