"""Paths that look like a feed's and are none: 404 with the feeds' paths, as open as the feeds themselves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.types import Scope

from services.access.authentication import Caller
from services.errors import UnknownPath
from services.feeds.emt.routes import PREFIX as EMT
from services.feeds.emt.routes import EmtRoute
from services.feeds.feed_route import FeedRoute
from services.feeds.gtfs_realtime.feed_names import RealtimeFeed
from services.feeds.gtfs_realtime.realtime_routes import PATH as REALTIME
from services.feeds.gtfs_static.feed_routes import PATH as STATIC
from services.feeds.siri.routes import PREFIX as SIRI
from services.feeds.siri.routes import SERVICES
from services.web.gate import Gate
from services.web.handlers import OPEN, Identify, undescribed

KNOWN = {
    "/gtfs": (STATIC, *(f"{REALTIME}/{feed}" for feed in RealtimeFeed)),
    SIRI: tuple(f"{SIRI}/{name}" for name in SERVICES),
}
"""The paths of feeds, by how all paths begin that are answered with them."""


class UnknownFeedRoute(FeedRoute):
    """Stands for all paths that begin like a feed's, in any case, and have no route."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.known: tuple[str, ...] = KNOWN[self.path]

    def caller(self, scope: Scope, identify: Identify) -> Caller | None:
        """Raise `UnknownPath`; `Unauthorized` where the feeds need a key and none is sent."""
        super().caller(scope, identify)
        plain = scope["path"].lower().rstrip("/")
        if plain in self.known:
            raise UnknownPath(hint=f"Paths are in lower case, without a slash at the end: {plain}")
        raise UnknownPath(hint=f"The feeds are {', '.join(self.known)}")


def answer_unknown_feed_paths(app: FastAPI, *, is_open: bool) -> None:
    """Answer paths that begin like those of a feed, once the feeds' routes are added."""
    gate: Gate = app.state.gate
    for path in KNOWN:
        route = UnknownFeedRoute(
            path, undescribed, include_in_schema=False, openapi_extra=OPEN if is_open else {}
        )
        gate.unknown_below[path] = route
    for each in app.routes:
        if isinstance(each, EmtRoute) and each.path == EMT:
            gate.unknown_below[EMT] = each
