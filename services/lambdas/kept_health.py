"""What `/health` says of the streams, kept for a few seconds.

Anybody may ask without a key, and each answer reads the store. So an instance asks the store once in a while,
however often it is asked itself, with whatever parameters and headers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from services.queries.bodies import Body
from services.web.health import streams_body
from storage.store import Store

KEPT_S = 5.0


class KeptStreams:
    """The streams' state as of the last few seconds, also that the store couldn't be read."""

    def __init__(self, store: Store, now_s: Callable[[], float] = time.monotonic) -> None:
        self._store, self._now_s = store, now_s
        self._until_s = -math.inf
        self._found: Body | None = None

    def __call__(self) -> Body | None:
        """As `streams_body`."""
        if self._now_s() >= self._until_s:
            self._found = streams_body(self._store)
            self._until_s = self._now_s() + KEPT_S
        return self._found
