"""The routes of feeds in a function, and who calls them.

The gateway lets their requests through without an authorizer: programs that read feeds send key and group in
the URL, and EMT's clients log in. So the function checks the key itself, as the local server does.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from services.access.authentication import Caller, Keys, authenticate, credentials_in
from services.aws.compiled_network import PlannedHours
from services.context import Context
from services.errors import BadRequest, NotFound, clipped
from services.feeds.emt.routes import PREFIX as EMT
from services.feeds.emt.routes import add_emt_routes
from services.feeds.feed_route import IN_QUERY, add_feed_route
from services.feeds.gtfs_realtime.feed_names import CADENCE, FORMATS, RealtimeFeed
from services.feeds.gtfs_realtime.realtime_routes import PATH as REALTIME
from services.feeds.gtfs_static.feed_routes import PATH as STATIC
from services.feeds.siri.routes import PREFIX as SIRI
from services.feeds.siri.routes import add_siri_routes
from services.lambdas.authorizer_context import caller_of
from services.lambdas.feeds.feed_link import FeedLink
from services.lambdas.feeds.stored_messages import StoredMessages
from services.web.access_log import headers_of
from services.web.formats.tagged_response import TaggedResponse, cache_control
from services.web.handlers import Handler, Identify, StoreQuery, query_parameters

UNGUARDED = (f"{EMT}/", f"{REALTIME}/", f"{SIRI}/", STATIC)
"""How the paths begin that the gateway passes on without an authorizer."""


@dataclass(frozen=True, slots=True)
class FunctionFeeds:
    """What feeders have left in S3: the static feed, and the realtime feeds if they are switched on.

    `hours` are those of the lines, as EMT's API tells them.
    """

    static: FeedLink | None = None
    realtime: StoredMessages | None = None
    hours: tuple[PlannedHours, ...] = ()


def add_function_feeds(app: FastAPI, context: Context, feeds: FunctionFeeds) -> None:
    """Add the routes of SIRI and EMT, and those of the feeds that are in S3."""
    add_siri_routes(app, context)
    add_emt_routes(app, context, feeds.hours)
    if feeds.static is not None:
        add_feed_route(app, STATIC, _link(feeds.static), is_open=False)
    for feed in RealtimeFeed:
        handler = _switched_off if feeds.realtime is None else _message(feeds.realtime, feed, context)
        add_feed_route(app, f"{REALTIME}/{feed}", handler, is_open=False, parameters=("format",))


def identified(keys: Keys) -> Identify:
    """The caller of a request: by key for feeds, else by the authorizer's verdict. Raises `Unauthorized`."""

    def identify(scope: Scope) -> Caller:
        if scope["path"].startswith(UNGUARDED):
            offered = credentials_in(dict(Request(scope).query_params), IN_QUERY)
            return authenticate(headers_of(scope) | offered, keys)
        return caller_of(scope["aws.event"])

    return identify


def _link(feed: FeedLink) -> Handler:
    """Leads to the network's GTFS feed."""

    def link(_request: Request) -> StoreQuery:
        def respond(_store: object) -> Response:
            return Response(status_code=302, headers={"location": feed.url(), "cache-control": "no-store"})

        return StoreQuery(respond)

    return link


def _switched_off(_request: Request) -> StoreQuery:
    raise NotFound("This deployment has no GTFS-Realtime", hint="Set realtime_feeds in terraform.tfvars")


def _message(messages: StoredMessages, feed: RealtimeFeed, context: Context) -> Handler:
    """Passes on a feed's newest message."""

    def answered(request: Request) -> StoreQuery:
        wanted = query_parameters(request).get("format", "")
        media_type = FORMATS.get(wanted.lower())
        if media_type is None:
            raise BadRequest(f"Invalid format: {clipped(wanted)}. Must be protobuf or json")

        def respond(_store: object) -> Response:
            found = messages.message(feed, media_type)
            caching = cache_control(found.tick, CADENCE, context.clock, is_latest=True)
            return TaggedResponse(found.coded, caching)

        return StoreQuery(respond)

    return answered
