"""Operators' commands and hand-outs use the domains that lead to a deployment's APIs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from services.operate.api_endpoints import Endpoints, find_endpoints
from services.operate.aws_problems import AwsProblem
from services.operate.resource_names import HTTP_API, MCP_API, WEBSOCKET_API
from storage.aws_clients import client

REGION = "eu-west-1"
NAMES = {HTTP_API: "bus.example.org", WEBSOCKET_API: "live.example.org", MCP_API: "mcp.example.org"}


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield client("apigatewayv2", region=REGION)


def made(gateway: Any) -> dict[str, str]:
    """The id of each API of a deployment that is made here, by the API's name."""
    kinds = {HTTP_API: "HTTP", WEBSOCKET_API: "WEBSOCKET", MCP_API: "HTTP"}
    ids = {}
    for name, kind in kinds.items():
        ids[name] = gateway.create_api(Name=name, ProtocolType=kind)["ApiId"]
        gateway.create_stage(ApiId=ids[name], StageName="live")
    return ids


def lead(gateway: Any, domain: str, api_id: str, **path: str) -> None:
    """Let a domain lead to an API."""
    gateway.create_domain_name(DomainName=domain)
    gateway.create_api_mapping(DomainName=domain, ApiId=api_id, Stage="live", **path)


def found(gateway: Any) -> Endpoints:
    return find_endpoints(gateway, api_url=None, ws_url=None, mcp_url=None)


def test_without_domains_apis_have_the_addresses_of_api_gateway(gateway: Any) -> None:
    ids = made(gateway)
    rest, websocket, mcp = (
        gateway.get_api(ApiId=ids[name])["ApiEndpoint"] for name in (HTTP_API, WEBSOCKET_API, MCP_API)
    )
    assert found(gateway) == Endpoints(rest, f"{websocket}/production", mcp)


def test_a_domain_that_leads_to_an_api_is_its_address(gateway: Any) -> None:
    for name, api_id in made(gateway).items():
        lead(gateway, NAMES[name], api_id)
    assert found(gateway) == Endpoints(
        "https://bus.example.org", "wss://live.example.org", "https://mcp.example.org"
    )


def test_a_domain_that_leads_there_by_a_path_is_not(gateway: Any) -> None:
    ids = made(gateway)
    lead(gateway, "bus.example.org", ids[HTTP_API], ApiMappingKey="v1")
    assert found(gateway).api_url == f"https://{ids[HTTP_API]}.execute-api.{REGION}.amazonaws.com"


def test_a_region_without_the_apis_is_reported(gateway: Any) -> None:
    with pytest.raises(AwsProblem, match=r"no API madrid-bus-simulator-http in this region"):
        found(gateway)
