"""The application of the REST functions: streams, network and feeds, the pages, their description."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request

from services.app import create_data_app
from services.context import Context
from services.lambdas.feeds.feed_routes import FunctionFeeds, add_function_feeds, identified
from services.queries.bodies import Body
from services.web.handlers import StoreQuery, json_response
from services.web.intervention_routes import add_journal_route
from services.web.rest_routes import add_description_route
from services.web.sign_in.session_routes import PATH as SESSION
from services.web.static_files import DOCS, MAP, add_pages, add_undocumented

HOW_TO_INTERVENE = "Disturb the running city at the MCP server, whose URL has the same route"
NO_SESSION: Body = {
    "group": None,
    "may_control_clock": False,
    "may_intervene": False,
    "map_tiles": None,
    "by_headers": True,
}
"""The body of `/session`: the authorizer takes no cookies, so pages send key and group as headers."""


def create_function_app(context: Context, feeds: FunctionFeeds) -> FastAPI:
    """Return the application over one context."""
    app = create_data_app(context, identified(context.key))
    add_journal_route(app, context, HOW_TO_INTERVENE)
    add_function_feeds(app, context, feeds)
    add_description_route(app)
    add_pages(app, {**MAP, **DOCS})
    add_undocumented(app, SESSION, no_session)
    return app


def no_session(_request: Request) -> StoreQuery:
    """Say that pages have no session here."""
    return StoreQuery(lambda _: json_response(NO_SESSION, headers={"cache-control": "no-store"}))
