"""Clients of AWS services. This is the only module that creates them.

The endpoint is always passed to boto3. If boto3 reads it from the standard variables itself, it still runs
Timestream's endpoint discovery, so that requests meant for a local endpoint are sent to the real service.
"""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Literal, Required, TypedDict, Unpack, overload
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.loaders import Loader, create_loader
from botocore.session import Session, get_session

if TYPE_CHECKING:
    from types_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient
    from types_boto3_apigatewayv2.client import ApiGatewayV2Client
    from types_boto3_budgets.client import BudgetsClient
    from types_boto3_ce.client import CostExplorerClient
    from types_boto3_cloudwatch.client import CloudWatchClient
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_ecr.client import ECRClient
    from types_boto3_ecs.client import ECSClient
    from types_boto3_events.client import EventBridgeClient
    from types_boto3_lambda.client import LambdaClient
    from types_boto3_logs.client import CloudWatchLogsClient
    from types_boto3_s3.client import S3Client
    from types_boto3_secretsmanager.client import SecretsManagerClient
    from types_boto3_sns.client import SNSClient
    from types_boto3_sqs.client import SQSClient
    from types_boto3_ssm.client import SSMClient
    from types_boto3_sts.client import STSClient
    from types_boto3_timestream_query.client import TimestreamQueryClient
    from types_boto3_timestream_write.client import TimestreamWriteClient

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 30.0
CONNECTIONS = 16
UNCHECKED = "unchecked"
"""The key with which requests are signed where the signature isn't checked."""
LINKS: Any = {"signature_version": "s3v4", "s3": {"addressing_style": "virtual"}}
"""By default botocore signs URLs by version 2, which S3 refuses for new buckets, and for its global host."""


class Options(TypedDict, total=False):
    """The options of a client: the region, and values that replace the default endpoint and limits.

    A client that `makes_links` signs S3's URLs so that buckets of any age and region accept them. With an
    `access_key_id` it doesn't look for credentials: this is for endpoints that check no signature.
    """

    region: Required[str]
    endpoint_url: str | None
    connect_timeout_s: float
    read_timeout_s: float
    connections: int
    makes_links: bool
    access_key_id: str | None


# fmt: off
@overload
def client(
    service: Literal["apigatewaymanagementapi"], **options: Unpack[Options]
) -> ApiGatewayManagementApiClient: ...
@overload
def client(service: Literal["apigatewayv2"], **options: Unpack[Options]) -> ApiGatewayV2Client: ...
@overload
def client(service: Literal["budgets"], **options: Unpack[Options]) -> BudgetsClient: ...
@overload
def client(service: Literal["ce"], **options: Unpack[Options]) -> CostExplorerClient: ...
@overload
def client(service: Literal["cloudwatch"], **options: Unpack[Options]) -> CloudWatchClient: ...
@overload
def client(service: Literal["dynamodb"], **options: Unpack[Options]) -> DynamoDBClient: ...
@overload
def client(service: Literal["ecr"], **options: Unpack[Options]) -> ECRClient: ...
@overload
def client(service: Literal["ecs"], **options: Unpack[Options]) -> ECSClient: ...
@overload
def client(service: Literal["events"], **options: Unpack[Options]) -> EventBridgeClient: ...
@overload
def client(service: Literal["lambda"], **options: Unpack[Options]) -> LambdaClient: ...
@overload
def client(service: Literal["logs"], **options: Unpack[Options]) -> CloudWatchLogsClient: ...
@overload
def client(service: Literal["s3"], **options: Unpack[Options]) -> S3Client: ...
@overload
def client(service: Literal["secretsmanager"], **options: Unpack[Options]) -> SecretsManagerClient: ...
@overload
def client(service: Literal["sns"], **options: Unpack[Options]) -> SNSClient: ...
@overload
def client(service: Literal["sqs"], **options: Unpack[Options]) -> SQSClient: ...
@overload
def client(service: Literal["ssm"], **options: Unpack[Options]) -> SSMClient: ...
@overload
def client(service: Literal["sts"], **options: Unpack[Options]) -> STSClient: ...
@overload
def client(service: Literal["timestream-query"], **options: Unpack[Options]) -> TimestreamQueryClient: ...
@overload
def client(service: Literal["timestream-write"], **options: Unpack[Options]) -> TimestreamWriteClient: ...
@overload
def client(service: str, **options: Unpack[Options]) -> Any: ...
# fmt: on
def client(service: str, **options: Unpack[Options]) -> Any:
    """Create a client of `service`, which is boto3's name for it. Threads may share the client.

    The default endpoint is that of the standard variables and files: `AWS_ENDPOINT_URL_<SERVICE>`, then
    `AWS_ENDPOINT_URL`. The client doesn't retry calls, since only the caller knows which may be retried. It
    doesn't validate parameters: that takes longer than sending them, and the service validates them anyway.
    An endpoint on this machine is called directly, also if the environment sets an HTTP proxy.
    """
    session = new_session(options["region"])
    if access_key_id := options.get("access_key_id"):
        session.set_credentials(access_key_id, UNCHECKED)
    endpoint_url = options.get("endpoint_url") or configured_endpoint(session, service)
    config = Config(
        connect_timeout=options.get("connect_timeout_s", CONNECT_TIMEOUT_S),
        read_timeout=options.get("read_timeout_s", READ_TIMEOUT_S),
        **(LINKS if options.get("makes_links") and endpoint_url is None else {}),
        max_pool_connections=options.get("connections", CONNECTIONS),
        retries={"mode": "standard", "total_max_attempts": 1},
        parameter_validation=False,
        user_agent_extra="bus-simulator",
        # None means the proxies of the environment.
        proxies={} if is_loopback(endpoint_url) else None,
    )
    return session.create_client(service, config=config, endpoint_url=endpoint_url)


def is_loopback(endpoint_url: str | None) -> bool:
    """Whether an endpoint is on this machine."""
    host = urlsplit(endpoint_url or "").hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def new_session(region: str) -> Session:
    """Create a session with its own credentials and settings. Sessions share the service models."""
    session = get_session()
    session.set_config_variable("region", region)
    session.register_component("data_loader", models(session.get_config_variable("data_path")))
    return session


@cache
def models(data_path: str | None) -> Loader:
    """The loader of service models, with a cache: loading takes half the time of creating a client."""
    return create_loader(data_path)


def configured_endpoint(session: Session, service: str) -> str | None:
    """The endpoint of `service` in the environment or in AWS configuration files, if any."""
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    # As botocore does itself: comparing two clients, with and without the setting, took twice as long.
    provider = ConfiguredEndpointProvider(
        full_config=session.full_config, scoped_config=session.get_scoped_config(), client_name=service
    )
    found: str | None = provider.provide()
    return found


def default_region() -> str | None:
    """The region in the standard variables or the configuration file of AWS; None if there is none."""
    region: str | None = get_session().get_config_variable("region")
    return region
