"""A value that is read again from time to time; where a reading fails, the last good one stays."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class RefreshedValue(Generic[T]):
    """The last value that `read` returned; `get` reads again once that is older than `refresh_s`.

    `read` returns None where nothing has changed. Its exceptions of the types `errors` go to `on_error`, and
    are raised only while there is no value, not even an `initial` one. Safe to call from several threads.
    """

    def __init__(
        self,
        read: Callable[[], T | None],
        *,
        errors: tuple[type[Exception], ...],
        on_error: Callable[[Exception], object],
        initial: T | None = None,
        refresh_s: float = math.inf,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read, self._errors, self._on_error = read, errors, on_error
        self._refresh_s, self._now_s = refresh_s, now_s
        self._lock, self._read_at_s = Lock(), -math.inf
        self._value = initial
        self.is_failing = False
        """Whether the last reading failed; during `on_error`, whether the one before it did."""

    @property
    def value(self) -> T:
        """The last good value, however old. Raises LookupError before there is one."""
        if self._value is None:
            raise LookupError("nothing was read yet")
        return self._value

    def get(self) -> T:
        """Return the value, read again if it is too old. Raises what `read` does while there is no value."""
        if self._now_s() - self._read_at_s >= self._refresh_s:
            self.refresh()
        return self.value

    def refresh(self) -> bool:
        """Read now; whether there is a new value."""
        with self._lock:
            now_s = self._now_s()
            try:
                found = self._read()
            except self._errors as error:
                if self._value is None:  # the next `get` tries again at once
                    raise
                self._read_at_s = now_s
                self._on_error(error)
                self.is_failing = True
                return False
            self._read_at_s, self.is_failing = now_s, False
            if found is not None:
                self._value = found
            return found is not None
