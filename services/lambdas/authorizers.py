"""The two authorizers of API Gateway: REST's allows all and adds a verdict, the WebSocket's refuses.

Keys come from the secret, which is read again after a minute. The HTTP API caches a verdict for four minutes,
so a changed key takes effect within five. A WebSocket API caches none.
"""

from __future__ import annotations

from typing import Literal

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
from services.lambdas.gateway_events import (
    HttpAuthorizerEvent,
    HttpAuthorizerResponse,
    PolicyResponse,
    Statement,
    WebSocketAuthorizerEvent,
)
from services.lambdas.shared_state import prepare, shared_keys, shared_settings

UNAUTHORIZED, FORBIDDEN = 401, 403


def rest(event: HttpAuthorizerEvent, _lambda_context: object) -> HttpAuthorizerResponse:
    """Lambda's entry point for the authorizer of the HTTP API."""
    shared_settings()
    return rest_response(event, shared_keys())


def websocket(event: WebSocketAuthorizerEvent, _lambda_context: object) -> PolicyResponse:
    """Lambda's entry point for the authorizer of the WebSocket API's `$connect`."""
    shared_settings()
    return websocket_response(event, shared_keys())


def rest_response(event: HttpAuthorizerEvent, keys: Keys) -> HttpAuthorizerResponse:
    """Allow the request, with the verdict in its context. Raises `DependencyUnavailable` without keys."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return {"isAuthorized": True, "context": context_for(headers, keys)}


def websocket_response(event: WebSocketAuthorizerEvent, keys: Keys) -> PolicyResponse:
    """The policy that allows a handshake, or denies it; the gateway answers a denial with 403.

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
    """Key or group is missing. The gateway answers 401 to an error with exactly this text."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def policy_response(effect: Literal["Allow", "Deny"], resource: str, group: str) -> PolicyResponse:
    """An authorizer's answer: a policy for this connection, and its group for the functions."""
    statement: Statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": group,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"group": group},
    }


def log_refusal(event: WebSocketAuthorizerEvent, group: str, status: int) -> None:
    """Log a refused handshake as an access: no function sees it."""
    path = f"/{event['requestContext']['stage']}"
    fields = {"group": group[:LONGEST_GROUP], "method": "GET", "path": path, "status": status}
    logs.access.info("websocket", extra={"fields": fields})


prepare("secret_id", shared_keys)
