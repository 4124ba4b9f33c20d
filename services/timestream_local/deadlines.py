"""Ends what takes too long: one thread that looks at everything under way, every so often.

A timer for each piece of work would be a thread for each, and waking the one thread costs those who work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic


class Deadlines:
    """Ends a piece of work that takes longer than `seconds`, at most `step_s` late."""

    def __init__(self, seconds: float, step_s: float = 1.0) -> None:
        self._seconds, self._step_s = seconds, step_s
        self._ends: dict[object, tuple[float, Callable[[], object]]] = {}
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="timestream-deadlines", daemon=True)
        self._thread.start()

    @contextmanager
    def around(self, end: Callable[[], object]) -> Iterator[None]:
        """Around a piece of work: `end` is called once if it takes too long, and never after it is done."""
        work = object()
        with self._lock:
            self._ends[work] = monotonic() + self._seconds, end
        try:
            yield
        finally:
            with self._lock:
                self._ends.pop(work, None)

    def close(self) -> None:
        """End the thread; nothing is ended any more."""
        self._closed.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(self._step_s):
            now = monotonic()
            with self._lock:
                for work, (due, end) in list(self._ends.items()):
                    if due <= now:
                        del self._ends[work]
                        end()
