"""The names of a deployment on AWS, as Terraform gives them and the operator's commands look for them."""

from __future__ import annotations

from services.feeders.feeder import FEEDERS

REGION = "eu-west-1"
DATABASE = "bus_simulator"
CLUSTER = "bus-simulator-cluster"
FEEDER_SERVICES = tuple(f"{kind.name}-feeder" for kind in FEEDERS)
MCP_SERVICE = "mcp-server"
HOSTED_SERVICE = "timestream-endpoint"
"""Ours, where the account has no Timestream of AWS's."""
SERVICES = (*FEEDER_SERVICES, MCP_SERVICE)
HTTP_API = "madrid-bus-simulator-http"
WEBSOCKET_API = "madrid-bus-simulator-websocket"
MCP_API = "madrid-bus-simulator-mcp"
WEBSOCKET_STAGE = "production"
SECRET_ID = "bus-simulator/api-key"  # noqa: S105 - its name, not itself
REPOSITORY = "bus-simulator-feeders"
BUDGET = "bus-simulator-monthly-budget"
PROJECT_TAG, PROJECT = "Project", "Madrid-Bus-Simulator"


def bucket(account_id: str) -> str:
    """The bucket of the configuration."""
    return f"bus-simulator-config-{account_id}"


def store_url(region: str) -> str:
    """The deployment's store, as `--store` takes it."""
    return f"timestream://{DATABASE}?region={region}"
