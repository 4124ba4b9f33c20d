"""`GET /clock` and `POST /clock`: read the simulated clock; change its rate, pause, step or jump."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from services.errors import BadRequest, clipped
from services.feeders.clock_control import LONGEST_STEP, ClockControl
from services.queries.status_bodies import clock_body
from services.settings import GREATEST_SPEED
from services.times import ACCEPTED, YEARS, parse_instant, parse_span
from services.web import openapi
from services.web.handlers import Route, StoreQuery, json_object, json_response
from simulator.clock import MAX, Clock

PATH = "/clock"
HOW_TO_ALLOW = "To change the clock with POST, start the simulator with --clock-control"
FIELDS = "'rate', 'pause', 'step' or 'jump'"

Change: TypeAlias = Callable[[ClockControl], None]


def add_clock_route(app: FastAPI, clock: Clock) -> None:
    """Add the route by which every holder of a key can read the clock."""

    def get_clock(_request: Request) -> StoreQuery:
        return StoreQuery(lambda _: json_response(clock_body(clock)))

    app.add_api_route(PATH, get_clock, methods=["GET"], **openapi.declared_method(PATH, "GET"))
    route = app.routes[-1]
    if isinstance(route, Route):
        route.hint_of_methods = HOW_TO_ALLOW


def add_clock_control(app: FastAPI, control: ClockControl) -> None:
    """Add the route by which every holder of a key can move the clock."""

    def post_clock(request: Request) -> StoreQuery:
        change = parse_change(json_object(request))

        def respond(_store: object) -> Response:
            change(control)
            return json_response(clock_body(control.clock))

        return StoreQuery(respond)

    app.add_api_route(PATH, post_clock, methods=["POST"], **openapi.declared_method(PATH, "POST"))


def parse_change(body: Mapping[str, object]) -> Change:
    """Parse the body of `POST /clock`. Raises `BadRequest`."""
    unknown = next((name for name in body if name not in PARSERS), None)
    if unknown is not None:
        raise BadRequest(f"Unknown field: {clipped(unknown)}. Must be exactly one of {FIELDS}")
    if len(body) != 1:
        raise BadRequest(f"Must specify exactly one of {FIELDS}")
    ((name, value),) = body.items()
    return PARSERS[name](value)


def rate(value: object) -> Change:
    """Parse `rate`: simulated seconds per second, or `max`."""
    found = factor(value)
    if found is None:
        raise BadRequest(
            f"Invalid rate: {text_of(value)}. Must be a number more than 0 (at most 1000000) or 'max'; "
            "to stop the clock, use 'pause'"
        )
    return lambda control: control.set_rate(found)


def pause(value: object) -> Change:
    """Parse `pause`: true stops the clock, false resumes it."""
    if not isinstance(value, bool):
        raise BadRequest(f"Invalid pause: {text_of(value)}. Must be true or false")
    return (lambda control: control.pause()) if value else (lambda control: control.resume())


def step(value: object) -> Change:
    """Parse `step`: a span as text or in seconds."""
    found = span(value)
    if found is None or not timedelta() < found <= LONGEST_STEP:
        raise BadRequest(
            f"Invalid step: {text_of(value)}. Must be a number of seconds or a span like '30s' or '2h', "
            "more than 0 and at most a day; to go further, or back, use 'jump'"
        )
    return lambda control: control.step(found)


def jump(value: object) -> Change:
    """Parse `jump`: an ISO 8601 time."""
    found = instant(value)
    if found is None:
        raise BadRequest(f"Invalid jump: {text_of(value)}. Accepted: {ACCEPTED}")
    if found.year not in YEARS:
        raise BadRequest(f"Invalid jump: {text_of(value)}. Must be in the years {YEARS[0]} to {YEARS[-1]}")
    return lambda control: control.jump(found)


PARSERS: Mapping[str, Callable[[object], Change]] = {
    "rate": rate,
    "pause": pause,
    "step": step,
    "jump": jump,
}


def factor(value: object) -> float | None:
    """Return a rate; None for a value that can't be one."""
    if value == "max":
        return MAX
    found = number(value)
    return found if found is not None and 0 < found <= GREATEST_SPEED else None


def number(value: object) -> float | None:
    """Return a JSON number as a float; None for another type or a number too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def span(value: object) -> timedelta | None:
    """Return a span given as text or in seconds; None for another value, or one too long for a timedelta."""
    try:
        if isinstance(value, str):
            return parse_span(value)
        seconds = number(value)
        return None if seconds is None else timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None


def instant(value: object) -> datetime | None:
    """Return the time in an ISO 8601 text; None for anything else."""
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def text_of(value: object) -> str:
    """A value as error messages quote it, cut if it is long."""
    return clipped(f"'{value}'" if isinstance(value, str) else json.dumps(value))
