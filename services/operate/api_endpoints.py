"""Where a deployment answers: what was said, else what API Gateway has under the deployment's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import HTTP_API, MCP_API, WEBSOCKET_API, WEBSOCKET_STAGE


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of a deployment."""

    api_url: str
    ws_url: str
    mcp_url: str


def find_endpoints(
    gateway: Any, *, api_url: str | None, ws_url: str | None, mcp_url: str | None
) -> Endpoints:
    """The addresses given, those that aren't from API Gateway (a client of `apigatewayv2`).

    Raises `AwsProblem` for one that is neither given nor there.
    """
    known = {} if api_url and ws_url and mcp_url else api_addresses(gateway)
    return Endpoints(
        api_url or address_of_api(known, HTTP_API, "API_URL"),
        ws_url or f"{address_of_api(known, WEBSOCKET_API, 'WS_URL')}/{WEBSOCKET_STAGE}",
        mcp_url or address_of_api(known, MCP_API, "MCP_URL"),
    )


def address_of_api(known: Mapping[str, str], name: str, variable: str) -> str:
    """The address of an API. Raises `AwsProblem` where there is none of that name."""
    if name not in known:
        raise AwsProblem(f"no API {name} in this region: say another one, or the address with {variable}")
    return known[name]


def api_addresses(gateway: Any) -> Mapping[str, str]:
    """The addresses of all APIs by name."""
    return {each["Name"]: each["ApiEndpoint"].rstrip("/") for each in list_apis(gateway)}


def list_apis(gateway: Any) -> Sequence[Mapping[str, Any]]:
    """All APIs, page after page."""
    found: list[Mapping[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        answer = call_aws(partial(gateway.get_apis, **token), "the APIs of this region")
        found += answer["Items"]
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}
