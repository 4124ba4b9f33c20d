"""The REST authorizer's verdict on a request, passed to the function in the request's context.

An HTTP API turns a refusal of its authorizer into a bare 403. So the authorizer allows every request and adds
its verdict; the function refuses with the right status and text. A request without a verdict has passed no
authorizer and is refused. The context has the key's name, by which requests are limited, but never the key.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from services.access.authentication import GROUP_HEADER, INVALID_KEY, Caller, Keys, authenticate
from services.errors import Unauthorized
from services.lambdas.gateway_events import AuthorizerResult, HttpEvent

log = logging.getLogger("bus_simulator.auth")

ALLOWED = "allowed"


def context_for(headers: Mapping[str, str], keys: Keys) -> AuthorizerResult:
    """Judge a request by its headers. The verdict is `allowed` or the text of the refusal."""
    try:
        caller = authenticate(headers, keys)
    except Unauthorized as error:
        return {"verdict": str(error), "group": headers.get(GROUP_HEADER, "").strip()}
    return {"verdict": ALLOWED, "group": caller.group, "key_name": caller.key_name}


def caller_of(event: HttpEvent) -> Caller:
    """The caller according to the verdict in an event's context. Raises `Unauthorized`."""
    found = (event["requestContext"].get("authorizer") or {}).get("lambda") or {}
    verdict, group = found.get("verdict", ""), found.get("group", "")
    if not verdict:
        log.error("refused: the route has no authorizer, or it gave no verdict")
        raise Unauthorized(INVALID_KEY)
    if verdict != ALLOWED:
        raise Unauthorized(verdict)
    return Caller(group, found.get("key_name", ""))
