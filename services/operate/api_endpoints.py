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


NAMED = {HTTP_API, WEBSOCKET_API, MCP_API}
"""The APIs that may have domains of their own."""
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
        ws_url or address_of_api(known, WEBSOCKET_API, "WS_URL"),
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
    """The addresses of all APIs by name: of a domain that leads to the API, else the API's own."""
    apis = list_apis(gateway)
    domains = mapped_domains(gateway) if any(each["Name"] in NAMED for each in apis) else {}
    return {each["Name"]: address_of(each, domains.get(each["ApiId"])) for each in apis}


def address_of(api: ApiTypeDef, domain: str | None) -> str:
    """An API's address, with the WebSocket's stage where no domain leads to it."""
    if domain is not None:
        return f"{'wss' if api['Name'] == WEBSOCKET_API else 'https'}://{domain}"
    address = api["ApiEndpoint"].rstrip("/")
    return f"{address}/{WEBSOCKET_STAGE}" if api["Name"] == WEBSOCKET_API else address


def mapped_domains(gateway: ApiGatewayV2Client) -> Mapping[str, str]:
    """The domain that leads to each API without a path, by the API's id."""
    names = call_aws(partial(gateway.get_domain_names, MaxResults="500"), "the domains of this region")
    found: dict[str, str] = {}
    for name in (each["DomainName"] for each in names["Items"]):
        asked = partial(gateway.get_api_mappings, DomainName=name)
        mappings = call_aws(asked, f"what {name} leads to")["Items"]
        found |= {each["ApiId"]: name for each in mappings if not each.get("ApiMappingKey")}
    return found


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
