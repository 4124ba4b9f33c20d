"""A gate between the windows that feeders write and changes of what they simulate.

A window is simulated and written with one journal: a change waits for the windows in work, and windows that
begin meanwhile wait for the change. So no window has records from before a change and others from after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeAlias

Writing: TypeAlias = Callable[[], AbstractContextManager[None]]
"""Opens a block in which a window is simulated and written."""

without_gate: Writing = nullcontext
"""For feeders whose model never changes."""


class WriteGate:
    """Many windows in work at a time, or one change. Threads may share it."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._windows = 0
        self._changes = 0
        self._is_changing = False

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Wait until no change waits or is made, then do the block as one of any number."""
        with self._condition:
            self._condition.wait_for(lambda: not self._changes)
            self._windows += 1
        try:
            yield
        finally:
            with self._condition:
                self._windows -= 1
                self._condition.notify_all()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Wait until no window is in work, then do the block alone; changes are made one after another."""
        with self._condition:
            self._changes += 1
            self._condition.wait_for(lambda: not (self._windows or self._is_changing))
            self._is_changing = True
        try:
            yield
        finally:
            with self._condition:
                self._changes -= 1
                self._is_changing = False
                self._condition.notify_all()
