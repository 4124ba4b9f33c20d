"""The routes of visits to stops. Every answer is a page, also that of the newest visits."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.context import Context
from services.queries import bodies, parameters, stream_queries
from services.queries.visits import newest_visits, visits_of
from services.web.formats.record_pages import FIELDS, record_page
from services.web.handlers import Handler, StoreQuery, query_parameters
from services.web.rest_routes import add
from storage.store import Reader


def add_visit_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of the visits of stops, buses and lines."""
    for kind in ("stop", "bus", "line"):
        add(app, f"/stop-visits/{kind}/{{{kind}_id}}", visits_handler(context, kind))


def visits_handler(context: Context, kind: str) -> Handler:
    """Return the handler of the visits of one kind of entity."""
    network = context.network

    def visits(request: Request) -> StoreQuery:
        query = query_parameters(request)
        of = visits_of(kind, request.path_params[f"{kind}_id"])
        written, fields = parameters.format_of(query), FIELDS[of.stream, kind]
        wanted = parameters.range_request(query, of)
        time = None
        if wanted is None:
            time = parameters.requested_time(query.get("mode"), query.get("timestamp"))

        def respond(store: Reader) -> Response:
            if wanted is None:
                newest = newest_visits(store, network, of=of, time=time, now=context.now())
                items = [bodies.stop_visit_body(visit) for visit in newest]
                return record_page(items, None, fields, written, network)
            page = stream_queries.records(store, network, of=of, wanted=wanted, now=context.now())
            items = [bodies.record_body(record, network) for record in page.records]
            return record_page(items, page.next_cursor, fields, written, network)

        return StoreQuery(respond)

    return visits
