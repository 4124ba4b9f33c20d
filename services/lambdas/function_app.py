"""The application of the REST functions: streams and network, the pages, and their description."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from services.access.authentication import Caller
from services.app import create_data_app
from services.context import Context
from services.lambdas.authorizer_context import caller_of
from services.lambdas.latest.feed_link import FeedLink
from services.queries.bodies import Body
from services.web.handlers import StoreQuery, json_response
from services.web.rest_routes import add_description_route
from services.web.sign_in.session_routes import PATH as SESSION
from services.web.static_files import DOCS, MAP, add_pages, add_undocumented

FEED = "/gtfs.zip"
NO_SESSION: Body = {
    "group": None,
    "may_control_clock": False,
    "may_intervene": False,
    "map_tiles": None,
    "by_headers": True,
}
"""The body of `/session`: the authorizer takes no cookies, so pages send key and group as headers."""


def create_function_app(context: Context, feed: FeedLink | None) -> FastAPI:
    """Return the application over one context."""
    app = create_data_app(context, caller_by_verdict)
    add_description_route(app)
    add_pages(app, {**MAP, **DOCS})
    add_undocumented(app, SESSION, no_session)
    if feed is not None:
        add_feed_link(app, feed)
    return app


def no_session(_request: Request) -> StoreQuery:
    """Say that pages have no session here."""
    return StoreQuery(lambda _: json_response(NO_SESSION, headers={"cache-control": "no-store"}))


def add_feed_link(app: FastAPI, feed: FeedLink) -> None:
    """Add the route that leads to the network's GTFS feed."""

    def link(_request: Request) -> StoreQuery:
        def respond(_store: object) -> Response:
            return Response(status_code=302, headers={"location": feed.url(), "cache-control": "no-store"})

        return StoreQuery(respond)

    app.add_api_route(FEED, link, include_in_schema=False, response_model=None)


def caller_by_verdict(scope: Scope) -> Caller:
    """The caller of a request, by the authorizer's verdict. Raises `Unauthorized`."""
    return caller_of(scope["aws.event"])
