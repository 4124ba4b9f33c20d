"""`GET /gtfs-rt/…`: the three feeds of GTFS-Realtime, as protobuf or with `format=json`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.context import Context
from services.errors import BadRequest, clipped
from services.feeds.feed_route import add_feed_route
from services.feeds.gtfs_realtime.feed_names import CADENCE, FORMATS, RealtimeFeed
from services.web.formats.tagged_response import TaggedResponse, cache_control
from services.web.handlers import AsyncResponse, Handler, query_parameters

if TYPE_CHECKING:
    from services.feeds.gtfs_realtime.realtime_feeds import RealtimeFeeds

PATH = "/gtfs-rt"


def add_realtime_routes(app: FastAPI, context: Context) -> Callable[[], RealtimeFeeds]:
    """Add the routes. Return what finds their feeds, which are made when somebody asks."""

    @cache
    def feeds() -> RealtimeFeeds:
        # Protocol buffers and NumPy are imported when somebody asks: functions on AWS have neither.
        from services.feeds.gtfs_realtime.realtime_feeds import RealtimeFeeds

        return RealtimeFeeds(context)

    for feed in RealtimeFeed:
        add_feed_route(
            app,
            f"{PATH}/{feed}",
            _handler(feeds, feed, context),
            is_open=context.open_feeds,
            parameters=("format",),
        )
    return feeds


def _handler(feeds: Callable[[], RealtimeFeeds], feed: RealtimeFeed, context: Context) -> Handler:
    def answered(request: Request) -> AsyncResponse:
        wanted = query_parameters(request).get("format", "")
        media_type = FORMATS.get(wanted.lower())
        if media_type is None:
            raise BadRequest(f"Invalid format: {clipped(wanted)}. Must be protobuf or json")

        def respond() -> Response:
            tick = feeds().tick()
            caching = cache_control(tick, CADENCE, context.clock, is_latest=True)
            return TaggedResponse(feeds().message(feed, tick, media_type), caching)

        async def responded() -> Response:
            return await to_thread.run_sync(respond)

        return AsyncResponse(responded)

    return answered
