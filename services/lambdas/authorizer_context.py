"""What the authorizer found about a request, told to the function in the request's context.

An HTTP API turns a refusal of its authorizer into a bare 403. So the authorizer lets everybody pass and says
what it found; the function refuses, with the text that is due. A request without a verdict has passed no
authorizer, and is refused. The key itself is never in it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from services.access.authentication import GROUP_HEADER, INVALID_KEY, Caller, Keys, authenticate
from services.errors import Unauthorized

log = logging.getLogger("bus_simulator.auth")

ALLOWED = "allowed"
GATEWAY = "gateway"
"""The key's name to functions, which aren't told more: who asks too often is up to the gateway."""


def context_for(headers: Mapping[str, str], keys: Keys) -> dict[str, str]:
    """The context of a request with these headers: `verdict` (`allowed`, or why not) and `group`."""
    try:
        caller = authenticate(headers, keys)
    except Unauthorized as error:
        return {"verdict": str(error), "group": headers.get(GROUP_HEADER, "").strip()}
    return {"verdict": ALLOWED, "group": caller.group}


def caller_of(event: Mapping[str, Any]) -> Caller:
    """Who asks, by the context of an API Gateway event (payload 2.0). Raises `Unauthorized`."""
    told = (event["requestContext"].get("authorizer") or {}).get("lambda") or {}
    verdict, group = told.get("verdict", ""), told.get("group", "")
    if not verdict:
        log.error("refused for want of a verdict: the route has no authorizer")
        raise Unauthorized(INVALID_KEY)
    if verdict != ALLOWED:
        raise Unauthorized(verdict)
    return Caller(group, GATEWAY)
