"""A stand-in for an AWS client: answers come from functions, calls are kept, failures can be switched on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from botocore.exceptions import ClientError, EndpointConnectionError


class ClientDouble(Any):  # type: ignore[misc]  # passes for a client of any service
    """A stand-in for an AWS client."""

    def __new__(cls, *_: object, **__: object) -> Self:
        """Make one; `Any` itself takes no arguments."""
        return object.__new__(cls)


class FakeClient(ClientDouble):
    """`answers` has a function (or a value) for each operation that may be called."""

    exceptions: Any
    """The kinds of error, for whoever names one; set by tests that need them."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.away = False

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.calls.append((operation, request))
            if self.away:
                raise EndpointConnectionError(endpoint_url="http://away")
            answer = self.answers[operation]
            return answer(**request) if callable(answer) else answer

        return call

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """The arguments of each call of an operation."""
        return [request for name, request in self.calls if name == operation]


def refused(code: str) -> ClientError:
    """An error as AWS answers it."""
    return ClientError({"Error": {"Code": code, "Message": code}}, "Operation")
