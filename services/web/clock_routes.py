"""`GET /clock` and `POST /clock`: what the clock is, and how it is set going, stopped and moved."""

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
from services.queries import bodies
from services.settings import GREATEST_SPEED
from services.times import ACCEPTED, YEARS, parse_instant, parse_span
from services.web import openapi
from services.web.handlers import StoreQuery, json_object, json_response
from simulator.clock import MAX

PATH = "/clock"
FIELDS = "'rate', 'pause', 'step' or 'jump'"

Change: TypeAlias = Callable[[ClockControl], None]


def add_clock_routes(app: FastAPI, control: ClockControl) -> None:
    """Let whoever has the key see and move the clock."""

    def answer() -> Response:
        return json_response(bodies.clock_body(control.clock))

    def shown_clock(_request: Request) -> StoreQuery:
        return StoreQuery(lambda _: answer())

    def changed(request: Request) -> StoreQuery:
        change = parse(json_object(request))

        def carry_out(_store: object) -> Response:
            change(control)
            return answer()

        return StoreQuery(carry_out)

    for method, handler in (("GET", shown_clock), ("POST", changed)):
        app.add_api_route(PATH, handler, methods=[method], **openapi.declared_clock(PATH, method))


def parse(body: Mapping[str, object]) -> Change:
    """What a body asks for. Raises `BadRequest`."""
    unknown = next((name for name in body if name not in PARSERS), None)
    if unknown is not None:
        raise BadRequest(f"Unknown field: {clipped(unknown)}. Must be exactly one of {FIELDS}")
    if len(body) != 1:
        raise BadRequest(f"Must specify exactly one of {FIELDS}")
    ((name, value),) = body.items()
    return PARSERS[name](value)


def rate(value: object) -> Change:
    """A factor, or `max`."""
    found = factor(value)
    if found is None:
        raise BadRequest(
            f"Invalid rate: {text_of(value)}. Must be a number more than 0 (at most 1000000) or 'max'; "
            "to stop the clock, use 'pause'"
        )
    return lambda control: control.set_rate(found)


def pause(value: object) -> Change:
    """Stand, or go on."""
    if not isinstance(value, bool):
        raise BadRequest(f"Invalid pause: {text_of(value)}. Must be true or false")
    return (lambda control: control.pause()) if value else (lambda control: control.resume())


def step(value: object) -> Change:
    """A span, as text or in seconds."""
    found = span(value)
    if found is None or not timedelta() < found <= LONGEST_STEP:
        raise BadRequest(
            f"Invalid step: {text_of(value)}. Must be a number of seconds or a span like '30s' or '2h', "
            "more than 0 and at most a day; to go further, or back, use 'jump'"
        )
    return lambda control: control.step(found)


def jump(value: object) -> Change:
    """An instant."""
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
    """A rate, None for what can't be one."""
    if value == "max":
        return MAX
    found = number(value)
    return found if found is not None and 0 < found <= GREATEST_SPEED else None


def number(value: object) -> float | None:
    """A JSON number, None for anything else and for what is too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def span(value: object) -> timedelta | None:
    """A span as text or in seconds; None for what is none, or is far too long."""
    try:
        if isinstance(value, str):
            return parse_span(value)
        seconds = number(value)
        return None if seconds is None else timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return None


def instant(value: object) -> datetime | None:
    """An instant as text; None for anything else."""
    try:
        return parse_instant(value) if isinstance(value, str) else None
    except ValueError:
        return None


def text_of(value: object) -> str:
    """A value as messages repeat it."""
    return clipped(f"'{value}'" if isinstance(value, str) else json.dumps(value))
