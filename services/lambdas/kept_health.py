"""The answer to `GET /health`, kept for a few seconds.

Anybody may ask without a key, and each answer reads the store. So an instance asks the store once in a while,
however often it is asked itself.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from services.lambdas.gateway_events import HttpEvent, ProxyResponse

ROUTE = "GET /health"
KEPT_S = 5.0


class KeptHealth:
    """The last answer, healthy or not. Requests with a query, or for another encoding, go past it."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._until_s = -math.inf
        self._encoding = ""
        self._answer: ProxyResponse | None = None

    def of(self, event: HttpEvent) -> ProxyResponse | None:
        """The kept answer to a request, None if there is none."""
        usable = self._now_s() < self._until_s and is_plain(event) and encoding_of(event) == self._encoding
        return self._answer if usable else None

    def keep(self, event: HttpEvent, answer: ProxyResponse) -> None:
        """Keep an answer, unless it is one to another request."""
        if is_plain(event):
            self._answer, self._encoding = answer, encoding_of(event)
            self._until_s = self._now_s() + KEPT_S


def is_plain(event: HttpEvent) -> bool:
    """Whether this asks for health without parameters."""
    return event.get("routeKey") == ROUTE and not event.get("rawQueryString")


def encoding_of(event: HttpEvent) -> str:
    """The encodings that a client accepts, as it says."""
    return (event.get("headers") or {}).get("accept-encoding", "")
