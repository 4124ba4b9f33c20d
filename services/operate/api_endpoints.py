"""The addresses of a deployment's APIs: as given, else the load balancer's, else those in API Gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import (
    FRONT_URL_PARAMETER,
    HTTP_API,
    MCP_API,
    WEBSOCKET_API,
    WEBSOCKET_STAGE,
)

if TYPE_CHECKING:
    from types_boto3_apigatewayv2.client import ApiGatewayV2Client
    from types_boto3_apigatewayv2.type_defs import ApiTypeDef, GetApisRequestTypeDef
    from types_boto3_ssm.client import SSMClient


LOCAL_URL = "http://127.0.0.1:8080"
"""The API of a simulator on this machine, unless it is started with another port."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of a deployment."""

    api_url: str
    ws_url: str
    mcp_url: str


def find_endpoints(
    gateway: ApiGatewayV2Client,
    *,
    api_url: str | None,
    ws_url: str | None,
    mcp_url: str | None,
    front: str | None = None,
) -> Endpoints:
    """Complete the given addresses with those of the load balancer `front`, or those in API Gateway.

    Raises `AwsProblem` if one is missing.
    """
    if front is not None:
        return Endpoints(api_url or front, ws_url or f"ws{front.removeprefix('http')}/ws", mcp_url or front)
    known = {} if api_url and ws_url and mcp_url else api_addresses(gateway)
    return Endpoints(
        api_url or address_of_api(known, HTTP_API, "API_URL"),
        ws_url or f"{address_of_api(known, WEBSOCKET_API, 'WS_URL')}/{WEBSOCKET_STAGE}",
        mcp_url or address_of_api(known, MCP_API, "MCP_URL"),
    )


def front_url(ssm: SSMClient) -> str | None:
    """The address of a deployment's load balancer; None if functions answer. Raises `AwsProblem`."""
    asked = partial(ssm.get_parameters, Names=[FRONT_URL_PARAMETER])
    found = call_aws(asked, f"the parameter {FRONT_URL_PARAMETER}")["Parameters"]
    return next((each["Value"] for each in found), None)


def address_of_api(known: Mapping[str, str], name: str, variable: str) -> str:
    """The address of the API `name`. Raises `AwsProblem` if it doesn't exist."""
    if name not in known:
        raise AwsProblem(f"no API {name} in this region: set another region, or the address with {variable}")
    return known[name]


def api_addresses(gateway: ApiGatewayV2Client) -> Mapping[str, str]:
    """The addresses of all APIs by name."""
    return {each["Name"]: each["ApiEndpoint"].rstrip("/") for each in list_apis(gateway)}


def list_apis(gateway: ApiGatewayV2Client) -> Sequence[ApiTypeDef]:
    """All APIs of the region, page after page."""
    found: list[ApiTypeDef] = []
    request: GetApisRequestTypeDef = {}
    while True:
        answer = call_aws(partial(gateway.get_apis, **request), "the APIs of this region")
        found += answer["Items"]
        if not answer.get("NextToken"):
            return found
        request = {"NextToken": answer["NextToken"]}
