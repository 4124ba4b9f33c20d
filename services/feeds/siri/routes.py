"""`GET /siri/…`: the three services of SIRI 2.0, as XML or as JSON; errors are SIRI documents, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.context import Context
from services.errors import (
    BadRequest,
    NoData,
    NotFound,
    ServiceError,
    TooManyRequests,
    Unauthorized,
    Unavailable,
)
from services.feeds.feed_outlook import FeedOutlooks
from services.feeds.feed_route import FeedRoute
from services.feeds.siri.deliveries import (
    estimated_timetable,
    service_delivery,
    stop_monitoring,
    vehicle_monitoring,
)
from services.feeds.siri.description import PARAMETERS, declared_siri
from services.feeds.siri.journeys import CancelledJourney, SiriCity
from services.feeds.siri.parameters import MONITORING, SiriRequest, media_type, siri_request
from services.feeds.siri.tree import XML, Tree, document
from services.gtfs_trips.ids import feed_ids
from services.queries.bodies import describe_error
from services.transit.line_history import Outlook
from services.web.access_log import headers_of
from services.web.handlers import Handler, StoreQuery, query_parameters
from storage.store import Reader

PREFIX = "/siri"
Deliver = Callable[[SiriCity, Outlook, SiriRequest], Tree]


@dataclass(frozen=True, slots=True)
class Service:
    """A service: the name of its delivery, and what makes its content."""

    delivery: str
    deliver: Deliver


SERVICES: Mapping[str, Service] = {
    "stop-monitoring": Service("StopMonitoringDelivery", stop_monitoring),
    "vehicle-monitoring": Service("VehicleMonitoringDelivery", vehicle_monitoring),
    "estimated-timetable": Service("EstimatedTimetableDelivery", estimated_timetable),
}
CONDITIONS: Mapping[type[ServiceError], str] = {
    Unauthorized: "AccessNotAllowedError",
    TooManyRequests: "AllowedResourceUsageExceededError",
    NoData: "NoInfoForTopicError",
    NotFound: "InvalidDataReferencesError",
    Unavailable: "ServiceNotAvailableError",
}
"""SIRI's conditions for errors; all others are an `OtherError`."""


class SiriRefusal(Response):
    """An error, before it is known in which format it is wanted. It is XML."""

    def __init__(self, error: ServiceError, name: str, now: datetime) -> None:
        condition = next((each for kind, each in CONDITIONS.items() if isinstance(error, kind)), "OtherError")
        hint = f". {error.hint}" if error.hint else ""
        self._tree = service_delivery(name, now, {}, {condition: {"ErrorText": f"{error}{hint}"}})
        self._found = describe_error(error)
        super().__init__(document(self._tree, XML), self._found.status, self._found.headers, XML)

    def written(self, kind: str) -> Response:
        """The error in a format."""
        return Response(document(self._tree, kind), self._found.status, self._found.headers, kind)


class SiriRoute(FeedRoute):
    """A service's route. The handler checks the parameters, whose names may be in any case."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.parameters = None
        self.delivery = ""

    def refused(self, error: ServiceError, now: datetime) -> Response:
        """Return the error as a SIRI document."""
        return SiriRefusal(error, self.delivery, now)

    async def respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        answer: Response = await scope["app"].state.gate.answer(request, self)
        if isinstance(answer, SiriRefusal):
            answer = answer.written(_wanted_type(request))
        await answer(scope, receive, send)


def _wanted_type(request: Request) -> str:
    """The media type of an error: XML if what was asked for can't be understood."""
    try:
        return media_type(query_parameters(request), headers_of(request.scope).get("accept", ""))
    except BadRequest:
        return XML


def add_siri_routes(
    app: FastAPI, context: Context, cancelled: Callable[[], Sequence[CancelledJourney]] = tuple
) -> None:
    """Add the routes; `cancelled` finds the trips that no bus runs."""
    city, outlooks = SiriCity(context.network, feed_ids(context.network), cancelled), FeedOutlooks(context)
    for name, service in SERVICES.items():
        app.router.add_api_route(
            f"{PREFIX}/{name}",
            _handler(city, outlooks, name, service),
            response_model=None,
            route_class_override=SiriRoute,
            **declared_siri(name, is_open=context.open_feeds),
        )
        route = app.routes[-1]
        if isinstance(route, SiriRoute):
            route.delivery = service.delivery


def _handler(city: SiriCity, outlooks: FeedOutlooks, name: str, service: Service) -> Handler:
    def prepared(request: Request) -> StoreQuery:
        query = query_parameters(request)
        kind = media_type(query, headers_of(request.scope).get("accept", ""))
        wanted = siri_request(query, [parameter.name for parameter in PARAMETERS[name]])
        if name == "stop-monitoring" and not wanted.monitoring_refs:
            raise BadRequest(f"Missing {MONITORING}: the stop to monitor, as {MONITORING}=S001")
        feed = "/".join(("siri", name, *wanted.monitoring_refs))

        def respond(store: Reader) -> Response:
            outlook = outlooks.at(store, feed)
            content = service.deliver(city, outlook, wanted)
            whole = document(service_delivery(service.delivery, outlook.now, content), kind)
            return Response(outlooks.cut(feed, whole), 200, {"cache-control": "no-cache"}, kind)

        return StoreQuery(respond)

    return prepared
