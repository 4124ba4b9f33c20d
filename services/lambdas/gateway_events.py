"""Lambda's events and responses: the fields that these functions read and write, as AWS documents them.

HTTP API: payload format 2.0. WebSocket API: its routes, and the request authorizer of `$connect`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NotRequired, Protocol, TypedDict, final


class AuthorizerResult(TypedDict, total=False):
    """What the REST authorizer found out: `allowed` or the refusal's text, the group, and the key's name."""

    verdict: str
    group: str
    key_name: str


# The key of the authorizer's context is called `lambda`, which no class body can declare.
HttpAuthorizerContext = TypedDict("HttpAuthorizerContext", {"lambda": NotRequired[AuthorizerResult | None]})


class HttpRequest(TypedDict):
    """What the gateway says of a request itself."""

    method: str


class HttpRequestContext(TypedDict):
    """What the gateway adds to a request of the HTTP API."""

    http: NotRequired[HttpRequest]
    authorizer: NotRequired[HttpAuthorizerContext | None]


class HttpEvent(TypedDict):
    """A request of the HTTP API; Mangum reads the rest of it."""

    requestContext: HttpRequestContext
    routeKey: NotRequired[str]
    rawPath: NotRequired[str]
    rawQueryString: NotRequired[str]
    headers: NotRequired[Mapping[str, str] | None]


class HttpAuthorizerEvent(TypedDict):
    """The HTTP API's event for its authorizer."""

    headers: NotRequired[Mapping[str, str] | None]


class HttpAuthorizerResponse(TypedDict):
    """The answer of an HTTP API's authorizer ("simple response")."""

    isAuthorized: bool
    context: AuthorizerResult


class WebSocketAuthorizer(TypedDict, total=False):
    """The context that the WebSocket authorizer gave a connection."""

    group: str


class WebSocketRequestContext(TypedDict):
    """What the gateway says of a WebSocket event."""

    eventType: Literal["CONNECT", "DISCONNECT", "MESSAGE"]
    connectionId: str
    stage: str
    authorizer: NotRequired[WebSocketAuthorizer | None]


@final
class WebSocketEvent(TypedDict):
    """An event of the WebSocket API; `body` is a client's message."""

    requestContext: WebSocketRequestContext
    body: NotRequired[str | None]
    isBase64Encoded: NotRequired[bool]


class WebSocketAuthorizerEvent(TypedDict):
    """The WebSocket API's event for its authorizer."""

    requestContext: WebSocketRequestContext
    methodArn: str
    queryStringParameters: NotRequired[Mapping[str, str] | None]


class Statement(TypedDict):
    """A statement of an IAM policy."""

    Action: str
    Effect: Literal["Allow", "Deny"]
    Resource: str


class PolicyDocument(TypedDict):
    """An IAM policy."""

    Version: str
    Statement: Sequence[Statement]


class PolicyResponse(TypedDict):
    """The answer of a WebSocket API's authorizer."""

    principalId: str
    policyDocument: PolicyDocument
    context: WebSocketAuthorizer


class ProxyResponse(TypedDict):
    """The answer of a function behind a gateway."""

    statusCode: int
    headers: NotRequired[Mapping[str, str]]
    body: NotRequired[str]


@final
class EventBridgeEvent(TypedDict):
    """An event of the bus; `services.aws.events` reads its positions."""

    source: str
    detail: Mapping[str, object]


class SqsAttributes(TypedDict):
    """What SQS says of a message: when it was sent, in milliseconds since the epoch."""

    SentTimestamp: str


class SqsRecord(TypedDict):
    """A message of a queue."""

    body: str
    attributes: SqsAttributes


@final
class SqsEvent(TypedDict):
    """Messages of the queue of chunks."""

    Records: Sequence[SqsRecord]


class LambdaContext(Protocol):
    """The part of Lambda's context object that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
