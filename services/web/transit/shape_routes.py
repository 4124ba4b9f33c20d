"""The routes of the network's lines, stops and buses: shapes, timetables, single stops and buses."""

from __future__ import annotations

from functools import cache

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.context import Context
from services.queries.stream_queries import check_entity, known_line
from services.transit.bodies import bus_body, stop_body, timetable_body
from services.transit.request import line_ids, wanted_date, wanted_lines
from services.transit.shapes import line_shape, network_shape
from services.transit.timetable import service_date
from services.web.formats.tagged_response import TaggedResponse, tagged_json
from services.web.handlers import Handler, StoreQuery, json_response, query_parameters
from services.web.rest_routes import add
from storage.schema import BusPosition, Stream
from storage.store import Reader


def add_shape_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of shapes, timetables, and single stops and buses."""
    add(app, "/lines/{line_id}/shape", _line_shape(context))
    add(app, "/lines/{line_id}/timetable", _timetable(context))
    add(app, "/network.geojson", _network_shape(context))
    add(app, "/stops/{stop_id}", _stop(context))
    add(app, "/buses/{bus_id}", _bus(context))


def _line_shape(context: Context) -> Handler:
    def shape(request: Request) -> StoreQuery:
        def respond(_store: Reader) -> Response:
            line = known_line(context.network, request.path_params["line_id"])
            return tagged_json(line_shape(context.network, line))

        return StoreQuery(respond)

    return shape


def _network_shape(context: Context) -> Handler:
    @cache
    def whole() -> TaggedResponse:
        """The whole network, which is the same for all clients: serialised and compressed once."""
        return tagged_json(network_shape(context.network, context.network.lines))

    def shape(request: Request) -> StoreQuery:
        wanted = line_ids(query_parameters(request))

        def respond(_store: Reader) -> Response:
            if not wanted:
                return whole()
            return tagged_json(network_shape(context.network, wanted_lines(context.network, wanted)))

        return StoreQuery(respond)

    return shape


def _timetable(context: Context) -> Handler:
    def timetable(request: Request) -> StoreQuery:
        query = query_parameters(request)
        day = wanted_date(query)

        def respond(_store: Reader) -> Response:
            line = known_line(context.network, request.path_params["line_id"])
            return tagged_json(timetable_body(line, day or service_date(line, context.now())))

        return StoreQuery(respond)

    return timetable


def _stop(context: Context) -> Handler:
    def stop(request: Request) -> StoreQuery:
        stop_id = request.path_params["stop_id"]

        def respond(_store: Reader) -> Response:
            check_entity(context.network, "stop", stop_id)
            return json_response(stop_body(context.network, context.network.stop[stop_id]))

        return StoreQuery(respond)

    return stop


def _bus(context: Context) -> Handler:
    def bus(request: Request) -> StoreQuery:
        bus_id, network = request.path_params["bus_id"], context.network

        def respond(store: Reader) -> Response:
            check_entity(network, "bus", bus_id)
            newest = store.latest(Stream.BUS_POSITION, bus_id, now=context.now())
            position = newest if isinstance(newest, BusPosition) else None
            return json_response(
                bus_body(network, network.line_of_bus[bus_id], network.bus[bus_id], position)
            )

        return StoreQuery(respond)

    return bus
