"""What a destroyed deployment has left in an account.

AWS itself makes log groups, such as that of Container Insights, and may do so while a cluster or a function
goes away. Terraform knows nothing of those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from services.operate.aws_problems import call_aws
from services.operate.resource_names import CLUSTER, HOSTED_SERVICE, PROJECT, PROJECT_TAG, SERVICES

if TYPE_CHECKING:
    from types_boto3_logs.client import CloudWatchLogsClient

OURS = re.compile(
    r"/aws/lambda/bus-simulator-[\w-]+"
    r"|/aws/events/bus-simulator-[\w-]+"
    r"|/aws/vpc/bus-simulator"
    r"|/aws/apigateway/madrid-bus-simulator-[\w-]+"
    rf"|/aws/ecs/containerinsights/{CLUSTER}/[\w-]+"
    rf"|/ecs/(?:{'|'.join((*SERVICES, HOSTED_SERVICE))})"
)
"""The names of a deployment's log groups."""


def delete_log_groups(logs: CloudWatchLogsClient) -> Iterator[str]:
    """Delete the deployment's log groups; return the name of each. Raises `AwsProblem`."""
    for name in log_groups(logs):
        call_aws(partial(logs.delete_log_group, logGroupName=name), f"deleting log group {name}")
        yield name


def log_groups(logs: CloudWatchLogsClient) -> Sequence[str]:
    """The names of the deployment's log groups. Raises `AwsProblem`."""

    def names() -> list[str]:
        pages = logs.get_paginator("describe_log_groups").paginate()
        return [group["logGroupName"] for page in pages for group in page["logGroups"]]

    return [name for name in call_aws(names, "the log groups of this region") if OURS.fullmatch(name)]


def tagged_resources(tagging: Any) -> Sequence[str]:  # types-boto3 has no stubs of this service here
    """The ARNs of resources with the project's tag. Raises `AwsProblem`."""

    def arns() -> list[str]:
        wanted = [{"Key": PROJECT_TAG, "Values": [PROJECT]}]
        pages = tagging.get_paginator("get_resources").paginate(TagFilters=wanted)
        return [each["ResourceARN"] for page in pages for each in page["ResourceTagMappingList"]]

    return sorted(call_aws(arns, "the resources with the project's tag"))
