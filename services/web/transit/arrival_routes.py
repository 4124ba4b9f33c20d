"""The routes of predictions: arrivals at a stop, and a trip with the stops ahead of it."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.context import Context
from services.transit.bodies import arrivals_body, trip_body
from services.transit.request import arrivals_request, wanted_arrivals, wanted_start_date
from services.transit.trip_links import TripLinks
from services.transit.trips import trip
from services.web.handlers import StoreQuery, json_response, query_parameters
from services.web.rest_routes import add
from storage.store import Reader


def add_arrival_routes(app: FastAPI, context: Context, links: TripLinks | None = None) -> None:
    """Add the routes of arrivals and trips; without `links` trips have no ids of the GTFS feed."""
    network = context.network

    def arrivals(request: Request) -> StoreQuery:
        wanted = arrivals_request(request.path_params["stop_id"], query_parameters(request))

        def respond(store: Reader) -> Response:
            outlook = context.outlook(store)
            found = wanted_arrivals(network, outlook, wanted=wanted)
            return json_response(arrivals_body(network, wanted.stop_id, found, outlook.now))

        return StoreQuery(respond)

    def one_trip(request: Request) -> StoreQuery:
        wanted, start_date = request.path_params["trip_id"], wanted_start_date(query_parameters(request))

        def respond(store: Reader) -> Response:
            now, trip_id = context.now(), wanted
            if start_date is not None and links is not None:
                trip_id = links.trip_id(store, wanted, start_date, now)
            found = trip(network, context.outlook(store, now), trip_id=trip_id)
            planned = None if links is None else links.planned(store, trip_id, now)
            return json_response(trip_body(found, planned))

        return StoreQuery(respond)

    add(app, "/arrivals/{stop_id}", arrivals)
    add(app, "/trips/{trip_id}", one_trip)
