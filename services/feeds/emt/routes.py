"""The routes of EMT's API, under `/emt`: `/emt/v1/…` to `/emt/v3/…`, with and without a slash at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, TypeAlias

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from services.access.authentication import GROUP_HEADER, Caller
from services.aws.compiled_network import PlannedHours
from services.context import Context
from services.errors import BadRequest, ServiceError, UnknownPath, clipped
from services.feeds.emt.arrivals import ArrivalsWish, arrivals_body, lines_wanted
from services.feeds.emt.bodies import EmtCity, lines_on, stop_detail, stops_of_line
from services.feeds.emt.description import EMT_OPERATIONS, VERSIONS, declared_emt
from services.feeds.emt.envelope import (
    FINE,
    LOGGED_IN,
    RECOVERED,
    LocalTime,
    NoArrivals,
    NothingFound,
    answer,
    refusal_answer,
)
from services.feeds.emt.login import EmtLogin
from services.feeds.emt.numbering import numbering
from services.feeds.emt.service_hours import HoursOfLines
from services.feeds.emt.session_body import session_body
from services.feeds.feed_outlook import FeedOutlooks
from services.queries.bodies import Body
from services.times import YEARS
from services.web.access_log import CALLER, headers_of
from services.web.gate import Gate
from services.web.handlers import JSON, Handler, Identify, Route, StoreQuery
from simulator.network import Line, Stop
from simulator.types import INBOUND, OUTBOUND
from storage.store import Reader

PREFIX = "/emt"
DIRECTIONS = {"1": OUTBOUND, "2": INBOUND}
UNDESCRIBED: Mapping[str, Any] = {"include_in_schema": False}
TakeCaller: TypeAlias = Callable[[Mapping[str, str]], Caller]
"""Finds the caller by headers. Raises `Refusal`."""


class EmtRoute(Route):
    """A route with EMT's envelope. Its query may be empty only.

    Without `take_caller` it stands for all paths below `/emt` that no other route has.
    """

    longest_body: ClassVar[int] = 32_768

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.parameters = frozenset()
        self.take_caller: TakeCaller | None = None
        self.write_time: Callable[[datetime], str] = datetime.isoformat

    def caller(self, scope: Scope, _identify: Identify) -> Caller | None:
        """The caller by the token or the login. Raises `Refusal`, and `UnknownPath` for another version."""
        if self.take_caller is None or scope["path_params"].get("version") not in VERSIONS:
            raise UnknownPath(hint=f"The calls are {', '.join(f'v1{path}' for path in EMT_OPERATIONS)}")
        found = self.take_caller(headers_of(scope))
        headers_of(scope)[GROUP_HEADER] = found.group  # for the access log
        return found

    def refused(self, error: ServiceError, now: datetime) -> Response:
        """Return the error in EMT's envelope."""
        return refusal_answer(error, self.write_time(now))


@dataclass(frozen=True, slots=True)
class EmtHandlers:
    """The handlers of EMT's calls over one context."""

    context: Context
    outlooks: FeedOutlooks
    city: EmtCity
    login: EmtLogin
    local_time: LocalTime

    def log_in(self, request: Request) -> StoreQuery:
        """Prepare a login."""
        gate: Gate = request.app.state.gate
        session, caller = self.login.session(headers_of(request.scope)), request.scope[CALLER]

        def found(_store: Reader) -> list[Body]:
            used_today = gate.meter.used_today(caller)
            return [session_body(session, used_today, self.context.limits.per_day)]

        return self._answered(found, LOGGED_IN, "Token extend into control-cache")

    def stop_detail(self, request: Request) -> StoreQuery:
        """Prepare a stop."""
        stop = self._stop(request, NothingFound)
        return self._answered(lambda _: [stop_detail(self.city, stop, self.context.now())])

    def arrivals(self, request: Request) -> StoreQuery:
        """Prepare the arrivals at a stop."""
        stop, wish = self._stop(request, NoArrivals), ArrivalsWish.of(request.state.body)
        lines = lines_wanted(self.city, stop, request.path_params.get("lineId"))
        feed = f"emt/arrives/{stop.stop_id}"

        def respond(store: Reader) -> Response:
            outlook = self.outlooks.at(store, feed)
            incidents = self._incidents(stop, lines, wish)
            found = arrivals_body(self.city, outlook, stop, lines, wish, incidents)
            content = answer([found], self.local_time(outlook.now)).body
            return Response(self.outlooks.cut(feed, bytes(content)), media_type=JSON)

        return StoreQuery(respond)

    def _incidents(self, stop: Stop, lines: Sequence[Line], wish: ArrivalsWish) -> Body:
        """The incidents of the scenario and of interventions, if they are asked for."""
        scenario, now = self.context.scenario, self.context.now()
        if scenario is None or not wish.with_incidents:
            return {}
        # Here, since protocol buffers take time to import.
        from services.feeds.emt.incidents import IncidentsWriter

        writer = IncidentsWriter(self.city, scenario, now, self.local_time.zone, wish.in_english)
        return writer.body(stop, lines)

    def lines(self, request: Request) -> StoreQuery:
        """Prepare the lines that run on a date."""
        day = self._date(request.path_params.get("date"))
        return self._answered(lambda _: lines_on(self.city, day))

    def stops_of_line(self, request: Request) -> StoreQuery:
        """Prepare the stops of a line in a direction."""
        line_id, direction = request.path_params["lineId"], request.path_params["direction"]
        if direction not in DIRECTIONS:
            raise BadRequest(
                f"Invalid direction: {clipped(direction)}. Must be 1 (from A to B) or 2 (from B to A)"
            )
        patterns = [
            (line, pattern)
            for line in self.city.numbering.lines(self.city.network, line_id)
            for pattern in [line.main_pattern(DIRECTIONS[direction])]
            if pattern is not None
        ]
        if not patterns:
            raise NothingFound(f"No line {clipped(line_id)} in direction {direction}")
        return self._answered(lambda _: [stops_of_line(self.city, *patterns[0])])

    def _answered(
        self, data: Callable[[Reader], list[Body]], code: str = FINE, description: str = RECOVERED
    ) -> StoreQuery:
        def respond(store: Reader) -> Response:
            found = data(store)
            return answer(found, self.local_time(self.context.now()), code=code, description=description)

        return StoreQuery(respond)

    def _stop(self, request: Request, refusal: type[NothingFound]) -> Stop:
        text = request.path_params["stopId"]
        stop = self.city.numbering.stop(text)
        if stop is None:
            raise refusal(f"Stop {clipped(text)} not found")
        return stop

    def _date(self, text: str | None) -> date:
        """The date of a path, YYYYMMDD; today without one. Raises `BadRequest`."""
        if text is None:
            return self.context.now().astimezone(self.local_time.zone).date()
        try:
            found = date.fromisoformat(text) if len(text) == 8 and text.isdecimal() else None
        except ValueError:
            found = None
        if found is None or found.year not in YEARS:
            raise BadRequest(f"Invalid date: {clipped(text)}. Must be YYYYMMDD")
        return found


def add_emt_routes(app: FastAPI, context: Context, hours: Iterable[PlannedHours] = ()) -> None:
    """Add the routes; `hours` of lines that are known need not be made."""
    city = EmtCity(context.network, numbering(context.network), HoursOfLines(hours))
    login, local_time = EmtLogin(context.key), LocalTime(context.network)
    calls = EmtHandlers(context, FeedOutlooks(context), city, login, local_time)
    handlers: Mapping[str, Handler] = {
        "/mobilitylabs/user/login/": calls.log_in,
        "/transport/busemtmad/stops/{stopId}/detail/": calls.stop_detail,
        "/transport/busemtmad/stops/{stopId}/arrives/": calls.arrivals,
        "/transport/busemtmad/stops/{stopId}/arrives/{lineId}/": calls.arrivals,
        "/transport/busemtmad/lines/info/": calls.lines,
        "/transport/busemtmad/lines/info/{date}/": calls.lines,
        "/transport/busemtmad/lines/{lineId}/stops/{direction}/": calls.stops_of_line,
    }

    for path, handler in handlers.items():
        take_caller = (
            (lambda headers: login.session(headers).caller) if handler == calls.log_in else login.caller
        )
        method = "POST" if handler == calls.arrivals else "GET"
        described = declared_emt(path, method)
        path = f"{PREFIX}/{{version}}{path}"
        for each, named in ((path, described), (path.rstrip("/"), UNDESCRIBED)):
            _add(app, each, handler, methods=[method], **named)
            _bind(app, take_caller, local_time)
    # No request has this method. So a route above that has the path, but not the method, is found first.
    for path in (PREFIX, f"{PREFIX}/{{rest:path}}"):
        _add(app, path, calls.log_in, methods=["NONE"], **UNDESCRIBED)
        _bind(app, None, local_time)


def _add(app: FastAPI, path: str, handler: Handler, **named: Any) -> None:
    app.router.add_api_route(path, handler, route_class_override=EmtRoute, response_model=None, **named)


def _bind(app: FastAPI, take_caller: TakeCaller | None, local_time: LocalTime) -> None:
    """Tell the route added last who its callers are, and how it writes the time."""
    route = app.routes[-1]
    if isinstance(route, EmtRoute):
        route.take_caller, route.write_time = take_caller, local_time
