"""REST in Lambda behind an HTTP API: the same ASGI application, called through Mangum.

One handler serves all functions (`bus-simulator-people-count`, `-sensors`, `-bus-position`, `-network`); the
gateway maps routes to functions. The authorizer checks keys and puts its verdict into the event
(`services.lambdas.authorizer_context`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TypeAlias, cast

from mangum import Mangum

from services import tracing
from services.access.rate_limits import RequestMeter
from services.aws.compiled_network import CompiledNetwork
from services.context import Context
from services.errors import ServiceError, Unavailable, Unexpected
from services.interventions.followed_scenario import FollowedScenario
from services.lambdas.feeds.feed_routes import FunctionFeeds
from services.lambdas.function_app import create_function_app
from services.lambdas.gateway_events import HttpEvent, LambdaContext, ProxyResponse
from services.lambdas.kept_health import KeptStreams
from services.lambdas.shared_state import (
    SecretKeys,
    begin,
    outage,
    prepare,
    shared_clock,
    shared_feed_link,
    shared_messages,
    shared_meter,
    shared_network,
    shared_settings,
    shared_store,
)
from services.web.access_log import log_access
from services.web.handlers import error_response
from simulator.clock import Clock
from storage.errors import DependencyError, DependencyUnavailable
from storage.store import Store

log = logging.getLogger("bus_simulator.rest")

NO_STORED_FEEDS = FunctionFeeds()
Handler: TypeAlias = Callable[[HttpEvent, object], ProxyResponse]


def handler(event: HttpEvent, lambda_context: LambdaContext) -> ProxyResponse:
    """Lambda's entry point: answer a request of the HTTP API."""
    began_s = time.monotonic()
    begin(lambda_context.get_remaining_time_in_millis())
    shared_settings()
    try:
        respond = _serving.handler_of(shared_network().current())
    except DependencyError as error:
        log.error("request refused: %s", error)
        refusal = failed_invocation(
            Unavailable() if isinstance(error, DependencyUnavailable) else Unexpected()
        )
        log_refusal(event, refusal["statusCode"], time.monotonic() - began_s)
        return refusal
    return answer_in_time(respond, event, lambda_context)


def answer_in_time(respond: Handler, event: HttpEvent, lambda_context: object) -> ProxyResponse:
    """Answer, and leave the store alone for a while if it has let the client wait in vain."""
    began_s = time.monotonic()
    answer = respond(event, lambda_context)
    outage.note(answer["statusCode"], time.monotonic() - began_s)
    tracing.flush()
    return answer


def handler_over(context: Context, feeds: FunctionFeeds = NO_STORED_FEEDS) -> Handler:
    """A handler that answers events from a context, and from what feeders have stored."""
    return cast(Handler, Mangum(create_function_app(context, feeds), lifespan="off"))


def failed_invocation(error: ServiceError) -> ProxyResponse:
    """The response to an error, with the status and body of the local server."""
    answer = error_response(error)
    headers = {name.decode(): value.decode() for name, value in answer.raw_headers}
    return {"statusCode": answer.status_code, "headers": headers, "body": bytes(answer.body).decode()}


def log_refusal(event: HttpEvent, status: int, seconds: float) -> None:
    """Write the line of the access log for a request that no application has answered."""
    request = event["requestContext"].get("http")
    scope = {"method": "" if request is None else request["method"], "path": event.get("rawPath", "")}
    log_access(scope, event.get("headers") or {}, status, seconds)


def context_of(
    compiled: CompiledNetwork,
    store: Store,
    clock: Clock,
    meter: RequestMeter | None = None,
    *,
    follows_journal: bool = False,
) -> Context:
    """The context of the routes; without a `meter` they limit nothing.

    If it `follows_journal`, the interventions in the store's journal are part of the scenario.
    """
    run = compiled.run
    followed = FollowedScenario(compiled.scenario, run.seed, store)
    return Context(
        store=store,
        network=compiled.network,
        clock=clock,
        run=run,
        key=SecretKeys(),
        version=version("bus-simulator"),
        meter=meter,
        streams=KeptStreams(store),
        scenario_at_start=compiled.scenario,
        follow_scenario=followed.current if follows_journal else None,
    )


class _Serving:
    """The handler for the current network, rebuilt when that changes."""

    def __init__(self) -> None:
        self._compiled: CompiledNetwork | None = None
        self._handler: Handler | None = None

    def handler_of(self, compiled: CompiledNetwork) -> Handler:
        """The handler for a network. Raises `DependencyError`."""
        if self._handler is None or compiled is not self._compiled:
            follows = shared_settings().journal_object is not None
            context = context_of(
                compiled, shared_store(), shared_clock(), shared_meter(), follows_journal=follows
            )
            feeds = FunctionFeeds(shared_feed_link(), shared_messages(), compiled.hours)
            self._handler = handler_over(context, feeds)
            self._compiled = compiled
        return self._handler


_serving = _Serving()
"""Kept for the life of the container, since Lambda calls `handler` without any state."""

prepare("network", lambda: _serving.handler_of(shared_network().current()))
