"""The tokens by which clients make requests idempotent (API reference, `ClientToken`)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from time import monotonic

from services.timestream_local.errors import ValidationException
from services.timestream_local.types import JsonObject

LEAST, MOST = 32, 128
"""Characters of a token."""
OTHER_REQUEST = "This ClientToken was sent with another request: send a new one"
SAME_S = 300.0
"""How long after its first request a token may be sent again, with the same request."""
KEPT_S = 4 * 3600.0
"""How long after its first request a token is new again."""
MOST_KEPT = 20_000
"""The most tokens that are kept; SDKs send a new one with each query."""


def is_repeated(body: JsonObject, before: JsonObject) -> bool:
    """Whether a request is one that came before, sent again with its ClientToken.

    Raises `ValidationException` if only their tokens are the same.
    """
    token = body.get("ClientToken")
    if token is None or token != before.get("ClientToken"):
        return False
    if body != before:
        raise ValidationException(OTHER_REQUEST)
    return True


def check_length(token: str) -> None:
    """Raise `ValidationException` for a token that is too short or too long."""
    if not LEAST <= len(token) <= MOST:
        raise ValidationException(f"ClientToken must have {LEAST} to {MOST} characters, not {len(token)}")


@dataclass(slots=True)
class ClientTokens:
    """The tokens of queries of the last hours, with the hash of the request that each came with."""

    clock: Callable[[], float] = monotonic
    _seen: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)

    def check(self, token: str, request: Hashable) -> None:
        """Keep a new token. Raises `ValidationException` for an old one with another request, or too late.

        `request` is what the request asks for.
        """
        check_length(token)
        now = self.clock()
        while self._seen and (len(self._seen) >= MOST_KEPT or self._first() < now - KEPT_S):
            self._seen.popitem(last=False)
        first, before = self._seen.setdefault(token, (now, hash(request)))
        if before != hash(request):
            raise ValidationException(OTHER_REQUEST)
        if first < now - SAME_S:
            raise ValidationException("This ClientToken is over 5 minutes old: send a new one")

    def _first(self) -> float:
        return next(iter(self._seen.values()))[0]
