"""An AWS account by moto, with the parts of a deployment that operators' commands ask about."""

from __future__ import annotations

import http.client
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from moto.ce.responses import CostExplorerResponse
from moto.core.exceptions import JsonRESTError
from moto.server import ThreadedMotoServer

from services.operate.resource_names import CLUSTER, HTTP_API, MCP_API, SERVICES, WEBSOCKET_API
from storage.aws_clients import client
from tests.timestream_endpoint import KEYS, REGION

APIS = ((HTTP_API, "HTTP"), (WEBSOCKET_API, "WEBSOCKET"), (MCP_API, "HTTP"))


@dataclass(frozen=True, slots=True)
class Account:
    """A moto account: its URL and clients."""

    url: str

    def client(self, service: str) -> Any:
        """A client of a service there."""
        return client(service, region=REGION, endpoint_url=self.url)

    def make_bucket(self, name: str) -> None:
        """Create an empty bucket."""
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables by which a program uses this account."""
        return {**KEYS, "AWS_ENDPOINT_URL": self.url}


@cache
def server_port() -> int:
    """The port of this process's moto server, which starts with the first account."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    return port


@contextmanager
def account() -> Iterator[Account]:
    """An empty account, with credentials for it in this process's environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in KEYS.items():
            patch.setenv(name, value)
        patch.setattr(CostExplorerResponse, "get_cost_forecast", no_forecast, raising=False)
        forget(server_port())
        yield Account(f"http://127.0.0.1:{server_port()}")


@contextmanager
def meant_account(bucket: str) -> Iterator[Account]:
    """An account with an empty bucket, to which the variables of AWS of this process point."""
    with account() as found, pytest.MonkeyPatch.context() as patch:
        for name, value in {**found.variables, "AWS_DEFAULT_REGION": REGION}.items():
            patch.setenv(name, value)
        found.make_bucket(bucket)
        yield found


def no_forecast(_: CostExplorerResponse) -> str:
    """Refuse a forecast like Cost Explorer for a new account; moto lacks the operation."""
    raise JsonRESTError("DataUnavailableException", "Insufficient amount of historical data")


def forget(port: int) -> None:
    """Empty all accounts: moto keeps its state for as long as the process lives."""
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("POST", "/moto-api/reset")
        assert connection.getresponse().status == 200


def make_services(
    ecs: Any,
    *,
    cluster: str = CLUSTER,
    names: Sequence[str] = SERVICES,
    running: int = 1,
    desired: int = 1,
    store: str = "",
    subnets: Sequence[str] = (),
) -> None:
    """Create a cluster's services with so many running tasks, by moto's environment variable.

    `store` is the URL in their setting; they run in the `subnets`, if there are some.
    """
    inside = {"subnets": list(subnets), "securityGroups": []}
    network = {"networkConfiguration": {"awsvpcConfiguration": inside}} if subnets else {}
    ecs.create_cluster(clusterName=cluster)
    ecs.register_task_definition(
        family=cluster,
        containerDefinitions=[
            {
                "name": "c",
                "image": "i",
                "memory": 512,
                "environment": [{"name": "BUS_SIMULATOR_STORE", "value": store}],
            }
        ],
    )
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("MOTO_ECS_SERVICE_RUNNING", str(running))
        for name in names:
            ecs.create_service(
                cluster=cluster,
                serviceName=name,
                taskDefinition=cluster,
                desiredCount=desired,
                **network,
            )


def make_apis(gateway: Any) -> dict[str, str]:
    """The deployment's APIs; their addresses by name."""
    return {
        name: gateway.create_api(
            Name=name, ProtocolType=kind, RouteSelectionExpression="$request.body.action"
        )["ApiEndpoint"]
        for name, kind in APIS
    }
