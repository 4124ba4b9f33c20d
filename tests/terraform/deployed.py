"""The resources created in moto: policies, dimensions of metrics, tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.operate.resource_names import FEEDER_SERVICES
from tests.terraform.stack import Moto

CLUSTER = "bus-simulator-cluster"
BUS = "bus-simulator-events"
DASHBOARD = "bus-simulator"
DEFINED = ("TableName", "AttributeDefinitions", "KeySchema")


def policy(iam: Any, role: str, name: str) -> list[dict[str, Any]]:
    """The statements of a role's policy."""
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    found: list[dict[str, Any]] = document["Statement"]
    return found if isinstance(found, list) else [found]


def statements(moto: Moto) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every statement of roles' own policies, each with its role's name."""
    iam = moto.client("iam")
    for role in iam.list_roles()["Roles"]:
        name = role["RoleName"]
        for each in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            for statement in policy(iam, name, each):
                yield name, statement


def listed(value: str | list[str]) -> list[str]:
    """Return a value as a list."""
    return [value] if isinstance(value, str) else value


def actions_by_role(moto: Moto) -> Mapping[str, set[str]]:
    """The actions that each role allows."""
    found: dict[str, set[str]] = {}
    for role, statement in statements(moto):
        found.setdefault(role, set()).update(listed(statement["Action"]))
    return found


def alarms(moto: Moto) -> Sequence[Mapping[str, Any]]:
    """The alarms of metrics."""
    found: list[dict[str, Any]] = moto.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return found


def watched(moto: Moto) -> set[tuple[str, str]]:
    """The dimensions (names and values) that alarms and the dashboard use."""
    said = moto.client("cloudwatch").get_dashboard(DashboardName=DASHBOARD)["DashboardBody"]
    boxes = [widget["properties"] for widget in json.loads(said)["widgets"]]
    lines = [line for box in boxes for line in box.get("metrics", ())]
    shown = ([part for part in line if isinstance(part, str)][2:] for line in lines)
    pairs = {pair for named in shown for pair in zip(named[::2], named[1::2], strict=True)}
    return pairs | {(each["Name"], each["Value"]) for alarm in alarms(moto) for each in alarm["Dimensions"]}


def measured(moto: Moto) -> set[tuple[str, str]]:
    """The dimensions (names and values) of the metrics that the resources publish."""
    events, ecs = moto.client("events"), moto.client("ecs")
    rules = [*events.list_rules()["Rules"], *events.list_rules(EventBusName=BUS)["Rules"]]
    functions = moto.client("lambda").list_functions()["Functions"]
    services = ecs.list_services(cluster=CLUSTER, maxResults=100)["serviceArns"]
    return {
        ("ClusterName", CLUSTER),
        ("EventBusName", BUS),
        ("Stage", "production"),
        *(("ApiId", api["ApiId"]) for api in moto.client("apigatewayv2").get_apis()["Items"]),
        *(("Feeder", name.removesuffix("-feeder")) for name in FEEDER_SERVICES),
        *(("FunctionName", each["FunctionName"]) for each in functions),
        *(("RuleName", each["Name"]) for each in rules),
        *(("QueueName", url.rpartition("/")[2]) for url in moto.client("sqs").list_queues()["QueueUrls"]),
        *(("Api", name) for name in ("mcp", "rest", "websocket")),
        *(("ServiceName", arn.rpartition("/")[2]) for arn in services),
    }


def table(moto: Moto, name: str) -> Mapping[str, Any]:
    """A DynamoDB table as the arguments of `CreateTable`."""
    found = moto.client("dynamodb").describe_table(TableName=name)["Table"]
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in found.get("GlobalSecondaryIndexes", ())
    ]
    return {
        **{key: found[key] for key in DEFINED},
        "BillingMode": found["BillingModeSummary"]["BillingMode"],
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }
