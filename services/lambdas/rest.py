"""REST as functions behind an API Gateway HTTP API: the same application, handed its events by Mangum.

One handler serves all functions (`bus-simulator-people-count`, `-sensors`, `-bus-position`, `-network`):
which routes lead to which is up to the gateway. Who may ask is up to the authorizer, whose verdict is in the
event (`services.lambdas.authorizer_context`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, TypeAlias

from mangum import Mangum
from starlette.types import Scope

from services.access.authentication import Caller
from services.app import create_data_app
from services.aws.compiled_network import CompiledNetwork
from services.context import Context
from services.errors import ServiceError, Unavailable, Unexpected
from services.lambdas.authorizer_context import caller_of
from services.lambdas.shared_state import shared_clock, shared_network, shared_settings, shared_store
from services.web.handlers import error_response
from simulator.clock import Clock
from storage.errors import DependencyError, DependencyUnavailable
from storage.store import Store

log = logging.getLogger("bus_simulator.rest")

Event: TypeAlias = dict[str, Any]
Response: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Event, Any], Response]


def handler(event: Event, lambda_context: Any) -> Response:
    """The answer to an HTTP API event (payload 2.0)."""
    shared_settings()
    try:
        answer = _serving.handler_of(shared_network().current())
    except DependencyError as error:
        log.error("the function can't serve: %s", error)
        return failed_invocation(Unavailable() if isinstance(error, DependencyUnavailable) else Unexpected())
    return answer(event, lambda_context)


def handler_over(context: Context) -> Handler:
    """What answers events over a context."""
    return Mangum(create_data_app(context, caller_by_verdict), lifespan="off")


def caller_by_verdict(scope: Scope) -> Caller:
    """Callers are known by the authorizer's verdict. Raises `Unauthorized`."""
    return caller_of(scope["aws.event"])


def failed_invocation(error: ServiceError) -> Response:
    """An error as a function's answer."""
    answer = error_response(error)
    headers = {name.decode(): value.decode() for name, value in answer.raw_headers}
    return {"statusCode": answer.status_code, "headers": headers, "body": bytes(answer.body).decode()}


class NoValidKeys:
    """No key is valid here: an authorizer judges them."""

    def name_of(self, _offered: str, _group: str) -> str | None:
        """See `Keys`."""
        return None


def context_of(compiled: CompiledNetwork, store: Store, clock: Clock) -> Context:
    """What the routes work on. Limits are the gateway's affair."""
    return Context(
        store=store,
        network=compiled.network,
        clock=clock,
        run=compiled.run,
        key=NoValidKeys(),
        version=version("bus-simulator"),
    )


class _Serving:
    """The handler over the network as it is, made anew when that changes."""

    def __init__(self) -> None:
        self._compiled: CompiledNetwork | None = None
        self._handler: Handler | None = None

    def handler_of(self, compiled: CompiledNetwork) -> Handler:
        """The handler over a network. May raise DependencyError."""
        if self._handler is None or compiled is not self._compiled:
            self._handler = handler_over(context_of(compiled, shared_store(), shared_clock()))
            self._compiled = compiled
        return self._handler


_serving = _Serving()
"""A container's only one, since a function is called by its name and handed nothing."""
