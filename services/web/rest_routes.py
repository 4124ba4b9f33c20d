"""The REST routes: each handler checks the parameters and returns a query and how its result is written."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from fastapi import FastAPI
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from services.access.authentication import authenticate
from services.access.store_holder import SNAPSHOT_PATH
from services.context import Context, Snapshots
from services.errors import UnknownPath
from services.queries import bodies, network_bodies, parameters, stream_queries
from services.queries.all_at_once import Entities
from services.queries.bodies import Body
from services.queries.parameters import Format
from services.queries.stream_queries import EntityStream, RangeRequest
from services.web import metrics, openapi
from services.web.access_log import headers_of
from services.web.all_at_once_routes import AllAtOnce
from services.web.formats import record_pages
from services.web.formats.tagged_response import tagged_json
from services.web.handlers import (
    Handler,
    LatestResponse,
    Route,
    StoreQuery,
    json_response,
    query_parameters,
)
from services.web.health import health
from services.web.static_files import add_undocumented
from storage.cursor import seal
from storage.schema import Record, Stream
from storage.store import Reader

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class StreamRoutes:
    """The routes of people counts, sensors and bus positions."""

    context: Context

    def add_to(self, app: FastAPI) -> None:
        """Add the routes to the application."""
        for path, entities in ALL_AT_ONCE.items():
            add(app, path, AllAtOnce(self.context, entities).prepare)
        add(app, "/people-count/{stop_id}", self.people_count)
        add(app, "/sensors/{entity_type}/{entity_id}", self.sensors)
        add(app, "/bus-position/line/{line_id}", self.line_positions, refused=("timestamp", "start", "end"))
        add(app, "/bus-position/{bus_id}", self.bus_position)

    def people_count(self, request: Request) -> StoreQuery:
        """Prepare the people count of a stop."""
        stop_id = request.path_params["stop_id"]
        find = partial(stream_queries.people_count, stop_id=stop_id)
        return self._one_or_range(
            find, EntityStream(Stream.PEOPLE_COUNT, "stop", stop_id), query_parameters(request)
        )

    def sensors(self, request: Request) -> StoreQuery:
        """Prepare the sensor data of a bus or a stop."""
        kind = parameters.entity_type(request.path_params["entity_type"])
        entity_id = request.path_params["entity_id"]
        find = partial(stream_queries.sensors, entity_type=kind, entity_id=entity_id)
        return self._one_or_range(
            find, EntityStream(Stream.SENSOR_DATA, kind, entity_id), query_parameters(request)
        )

    def bus_position(self, request: Request) -> StoreQuery:
        """Prepare the position of a bus."""
        bus_id = request.path_params["bus_id"]
        find = partial(stream_queries.bus_position, bus_id=bus_id)
        return self._one_or_range(
            find, EntityStream(Stream.BUS_POSITION, "bus", bus_id), query_parameters(request)
        )

    def line_positions(self, request: Request) -> StoreQuery:
        """Prepare the newest position of each bus of a line."""
        line_id = request.path_params["line_id"]
        parameters.check_latest(query_parameters(request).get("mode"))

        def respond(store: Reader) -> Response:
            found = stream_queries.line_positions(
                store, self.context.network, line_id=line_id, now=self.context.now()
            )
            return json_response(bodies.line_body(line_id, found, self.context.network))

        return StoreQuery(respond, recent=True)

    def _one_or_range(
        self, find: Callable[..., Record], of: EntityStream, query: Mapping[str, str]
    ) -> StoreQuery:
        """Prepare one record by `find`, or a page of records if the query has `start` and `end`."""
        wanted = parameters.range_request(query, of)
        if wanted is not None:
            return self._range(of, wanted, parameters.format_of(query))
        time = parameters.requested_time(query.get("mode"), query.get("timestamp"))

        def found(store: Reader) -> Record:
            return find(store, self.context.network, time=time, now=self.context.now())

        if time is None:
            return StoreQuery(LatestResponse(found, self.context.network), recent=True)
        return StoreQuery(lambda store: json_response(bodies.record_body(found(store), self.context.network)))

    def _range(self, of: EntityStream, wanted: RangeRequest, written: Format) -> StoreQuery:
        def respond(store: Reader) -> Response:
            page = stream_queries.records(
                store, self.context.network, of=of, wanted=wanted, now=self.context.now()
            )
            records = [bodies.record_body(record, self.context.network) for record in page.records]
            fields = record_pages.FIELDS[of.stream, of.kind]
            return record_pages.record_page(records, page.next_cursor, fields, written, self.context.network)

        return StoreQuery(respond)


ALL_AT_ONCE: Mapping[str, Entities] = {
    "/people-count": Entities(Stream.PEOPLE_COUNT, "stop"),
    "/bus-position": Entities(Stream.BUS_POSITION, "bus"),
    "/sensors/bus": Entities(Stream.SENSOR_DATA, "bus"),
    "/sensors/stop": Entities(Stream.SENSOR_DATA, "stop"),
}
"""The routes of all entities."""


def listing(
    app: FastAPI, path: str, items: Sequence[Item], name: Callable[[Item], str], body: Callable[[Item], Body]
) -> None:
    """Add a route that lists items by name, a page at a time."""

    def listed(request: Request) -> StoreQuery:
        query = query_parameters(request)
        limit = parameters.limit(query)
        after = parameters.open_cursor(query.get("cursor"), path)

        def respond(_store: Reader) -> Response:
            page, last = stream_queries.page_by_name(items, name, limit=limit, after=after)
            cursor = None if last is None else seal(last, path)
            return record_pages.json_page([body(item) for item in page], cursor)

        return StoreQuery(respond)

    add(app, path, listed)


def add_network_routes(app: FastAPI, context: Context) -> None:
    """Add the routes of lines, stops and buses."""
    network = context.network

    def line_route(request: Request) -> StoreQuery:
        line_id = request.path_params["line_id"]

        def respond(_store: Reader) -> Response:
            line = stream_queries.known_line(network, line_id)
            return tagged_json(network_bodies.line_route_body(network, line))

        return StoreQuery(respond)

    buses = [(line, bus) for line in network.lines for bus in line.buses]
    listing(app, "/lines", network.lines, lambda line: line.line_id, network_bodies.line_item)
    add(app, "/lines/{line_id}", line_route)
    listing(
        app,
        "/stops",
        network.stops,
        lambda stop: stop.stop_id,
        lambda stop: network_bodies.stop_item(network, stop),
    )
    listing(app, "/buses", buses, lambda pair: pair[1].bus_id, lambda pair: network_bodies.bus_item(*pair))


def add_health_route(app: FastAPI, context: Context) -> None:
    """Add `/health`."""

    def state(_request: Request) -> StoreQuery:
        def respond(_store: Reader) -> Response:
            found = health(context)
            return json_response(found.body, found.status)

        return StoreQuery(respond)

    add(app, "/health", state)


def add_description_route(app: FastAPI) -> None:
    """Add `/openapi.json`, which describes the application's routes."""

    def described(_request: Request) -> StoreQuery:
        return StoreQuery(lambda _: tagged_json(openapi.document(app)))

    add_undocumented(app, "/openapi.json", described)


def add_operations_routes(app: FastAPI, context: Context, counted: metrics.RequestCounts) -> None:
    """Add `/metrics`, `/openapi.json`, and the snapshot route for commands on the same machine."""

    def measured(_request: Request) -> StoreQuery:
        return StoreQuery(
            lambda _: Response(metrics.exposition(context, counted), media_type=metrics.MEDIA_TYPE)
        )

    def snapshot(request: Request) -> StoreQuery:
        snapshots = context.snapshots
        if snapshots is None:
            raise UnknownPath
        authenticate(headers_of(request.scope), snapshots.key)
        return StoreQuery(lambda _: snapshot_response(snapshots))

    add(app, "/metrics", measured)
    add_description_route(app)
    add_undocumented(app, SNAPSHOT_PATH, snapshot)


def add(app: FastAPI, path: str, handler: Handler, *, refused: Sequence[str] = ()) -> None:
    """Add a route, with its description. The handler itself says why it refuses the parameters `refused`."""
    app.add_api_route(path, handler, **openapi.declared(path))
    route = app.routes[-1]
    if refused and isinstance(route, Route) and route.parameters is not None:
        route.parameters |= set(refused)


def snapshot_response(snapshots: Snapshots) -> FileResponse:
    """A copy of the store, made now and removed when it is sent."""
    path = snapshots.folder / f".snapshot-{secrets.token_hex(8)}"
    snapshots.copy_to(path)
    return FileResponse(path, background=BackgroundTask(path.unlink, missing_ok=True))
