"""Names of a deployment's AWS resources, as Terraform sets them."""

from __future__ import annotations

from services.feeders.feeder import FEEDERS

REGION = "eu-west-1"
DATABASE = "bus_simulator"
CLUSTER = "bus-simulator-cluster"
FEEDER_SERVICES = tuple(f"{kind.name}-feeder" for kind in FEEDERS)
MCP_SERVICE = "mcp-server"
API_SERVICE = "api-server"
"""The servers behind a load balancer that take the place of functions, gateways and MCP server."""
HOSTED_SERVICE = "timestream-endpoint"
"""The simulator's own Timestream endpoint, for accounts without Amazon Timestream."""
SERVICES = (*FEEDER_SERVICES, MCP_SERVICE)
HTTP_API = "madrid-bus-simulator-http"
WEBSOCKET_API = "madrid-bus-simulator-websocket"
MCP_API = "madrid-bus-simulator-mcp"
WEBSOCKET_STAGE = "production"
FRONT_URL_PARAMETER = "/bus-simulator/url"
"""The parameter with the load balancer's address, if there is one."""
SECRET_ID = "bus-simulator/api-key"  # noqa: S105 - the name of a secret
REPOSITORY = "bus-simulator-feeders"
IMAGE_DIGEST = "/bus-simulator/image-digest"
"""The parameter with the digest of the image that was pushed last."""
BUDGET = "bus-simulator-monthly-budget"
LINES_YAML, NETWORK_JSON = "config/lines.yaml", "config/network.json"
"""The keys of the network in the configuration bucket: as written, and compiled for the functions."""
PROJECT_TAG, PROJECT = "Project", "Madrid-Bus-Simulator"


def bucket(account_id: str) -> str:
    """The configuration bucket of an account."""
    return f"bus-simulator-config-{account_id}"


def store_url(region: str) -> str:
    """The URL of the deployment's store, for `--store`."""
    return f"timestream://{DATABASE}?region={region}"
