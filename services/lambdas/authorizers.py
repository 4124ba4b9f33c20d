"""The two authorizers of API Gateway: REST's lets everybody pass and tells, the WebSocket's refuses.

Keys are those of the secret, read again after a minute; the HTTP API keeps a verdict for four minutes, so
that a changed key counts within five. A WebSocket API keeps none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services import logs
from services.access.authentication import (
    GROUP_HEADER,
    KEY_HEADER,
    LONGEST_GROUP,
    Keys,
    authenticate,
    check_group,
    credentials_in,
)
from services.errors import ServiceError
from services.lambdas.authorizer_context import context_for
from services.lambdas.shared_state import shared_keys, shared_settings

Event = Mapping[str, Any]

UNAUTHORIZED, FORBIDDEN = 401, 403


def rest(event: Event, _lambda_context: object) -> dict[str, Any]:
    """The answer to a request for authorization of an HTTP API (payload 2.0, simple responses)."""
    shared_settings()
    return rest_response(event, shared_keys())


def websocket(event: Event, _lambda_context: object) -> dict[str, Any]:
    """The answer to one of a WebSocket API, for its route `$connect`. See `websocket_response`."""
    shared_settings()
    return websocket_response(event, shared_keys())


def rest_response(event: Event, keys: Keys) -> dict[str, Any]:
    """Lets pass, and tells the function behind. Raises `DependencyUnavailable` while no key is known."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return {"isAuthorized": True, "context": context_for(headers, keys)}


def websocket_response(event: Event, keys: Keys) -> dict[str, Any]:
    """The policy that lets pass, or that denies, which the gateway answers with 403.

    Raises `MissingCredentials`, which the gateway answers with 401, and `DependencyUnavailable` while no key
    is known.
    """
    offered = credentials_in(event.get("queryStringParameters") or {})
    group = offered.get(GROUP_HEADER, "").strip()
    if not group or not offered.get(KEY_HEADER, "").strip():
        log_refusal(event, group, UNAUTHORIZED)
        raise MissingCredentials
    try:
        check_group(authenticate(offered, keys))
    except ServiceError:
        log_refusal(event, group, FORBIDDEN)
        return policy_response("Deny", event["methodArn"], group)
    return policy_response("Allow", event["methodArn"], group)


class MissingCredentials(Exception):
    """Key or group is missing. The gateway knows it by its text."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def policy_response(effect: str, resource: str, group: str) -> dict[str, Any]:
    """What an authorizer answers in the form of version 1: a policy for this connection, and the group."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": group,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"group": group},
    }


def log_refusal(event: Event, group: str, status: int) -> None:
    """An access-log line for a handshake that nobody else gets to see."""
    path = f"/{event['requestContext']['stage']}"
    fields = {"group": group[:LONGEST_GROUP], "method": "GET", "path": path, "status": status}
    logs.access.info("websocket", extra={"fields": fields})
