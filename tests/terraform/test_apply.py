"""The real provider against moto: apply, inspection from outside, an empty second plan, destroy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner

from scripts import compile_network, load_config
from scripts.cost_model import ENDPOINT_ZONES
from scripts.terraform_settings import terraform_outputs, terraform_variables
from services.aws.connection_items import table_definitions
from services.aws.events import POSITIONS, SOURCE
from services.feeders.feeder import Feeder, FeederStatus
from services.lambdas.shared_limits import use_table_definition
from services.operate.resource_names import (
    FEEDER_SERVICES,
    HOSTED_SERVICE,
    IMAGE_DIGEST,
    SERVICES,
    bucket,
)
from services.processes.feeder_process import fields
from simulator.clock import SystemWall
from tests.services import http_api
from tests.terraform.contract import ACTIONS, ADDRESSES, LOG_GROUPS, NO_RESOURCE, OUTPUTS
from tests.terraform.deployed import (
    actions_by_role,
    alarms,
    listed,
    measured,
    policy,
    statements,
    table,
    watched,
)
from tests.terraform.deployment_checks import (
    DIGEST,
    DOMAIN,
    check_hosted,
    check_servers,
    check_tokens,
    destroy,
    labels,
)
from tests.terraform.former_addresses import former
from tests.terraform.known_drift import unexpected
from tests.terraform.manual_commands import COMMANDS, UNANSWERED, OperatorsShell
from tests.terraform.planned import changes, resources
from tests.terraform.stack import ACCOUNT, LINES, REGION, Moto, Stack

pytestmark = pytest.mark.terraform

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FUNCTION_NAMES = {
    address.rpartition(".")[2]: name
    for address, (attribute, name) in ADDRESSES.items()
    if attribute == "function_name"
}
EVERYTHING: Mapping[str, object] = {
    "compliance": ["cloudtrail", "config", "guardduty", "flow-logs"],
    "alarm_emails": ["operators@example.org"],
}


@pytest.fixture(scope="module")
def complete(ready: Stack) -> Mapping[str, Any]:
    """The plan with every module, budget and compliance included."""
    return ready.plan(monthly_budget_usd=200, **EVERYTHING)


@pytest.fixture(scope="module")
def made(ready: Stack) -> Stack:
    ready.keep_plan()
    ready.apply()
    return ready


def test_the_settings_that_make_reads_are_terraforms(ready: Stack) -> None:
    names = ("timestream", "region", "image_tag", "lines_yaml")
    assert terraform_variables(ready.terraform.folder, *names) == ["aws", "eu-west-1", "latest", str(LINES)]


def test_names_and_addresses_are_those_of_the_contract(complete: Mapping[str, Any]) -> None:
    planned = resources(complete)
    for address, (attribute, value) in ADDRESSES.items():
        assert planned[address][attribute] == value, address
    groups = {address: values for address, values in planned.items() if "aws_cloudwatch_log_group" in address}
    assert {values["name"] for values in groups.values()} >= LOG_GROUPS
    assert all(values["retention_in_days"] == 30 for values in groups.values())
    assert complete["planned_values"]["outputs"].keys() >= OUTPUTS


def test_every_taggable_resource_has_the_projects_tag(complete: Mapping[str, Any]) -> None:
    tags = {a: values["tags_all"] for a, values in resources(complete).items() if "tags_all" in values}
    assert len(tags) > 60
    assert [a for a, found in tags.items() if found.get("Project") != "Madrid-Bus-Simulator"] == []


def test_services_functions_and_apis_exist(made: Stack) -> None:
    cluster = made.moto.client("ecs").describe_services(
        cluster="bus-simulator-cluster", services=list(SERVICES)
    )
    assert {each["serviceName"] for each in cluster["services"]} == set(SERVICES)
    functions = made.moto.client("lambda").list_functions()["Functions"]
    assert {f"/aws/lambda/{each['FunctionName']}" for each in functions} == {
        group for group in LOG_GROUPS if group.startswith("/aws/lambda")
    }
    assert {(each["Runtime"], *each["Architectures"]) for each in functions} == {("python3.12", "arm64")}
    apis = made.moto.client("apigatewayv2").get_apis()["Items"]
    assert {each["Name"]: each["ProtocolType"] for each in apis} == {
        "madrid-bus-simulator-http": "HTTP",
        "madrid-bus-simulator-mcp": "HTTP",
        "madrid-bus-simulator-websocket": "WEBSOCKET",
    }
    groups = made.moto.client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"] for group in groups if group["retentionInDays"] == 30} >= LOG_GROUPS


def test_the_gateways_routes_equal_those_of_the_tests_stand_in(made: Stack) -> None:
    gateway = made.moto.client("apigatewayv2")
    (api,) = (each for each in gateway.get_apis()["Items"] if each["Name"] == "madrid-bus-simulator-http")
    of_api = {"ApiId": api["ApiId"]}
    behind = {
        f"integrations/{each['IntegrationId']}": each["IntegrationUri"].split(":function:")[1]
        for each in gateway.get_integrations(**of_api)["Items"]
    }
    routes = {each["RouteKey"]: each for each in gateway.get_routes(**of_api)["Items"]}
    assert {key: behind[each["Target"]] for key, each in routes.items()} == {
        key: f"{FUNCTION_NAMES[name]}/invocations" for key, name in http_api.ROUTES.items()
    }
    guarded = {key for key, each in routes.items() if each.get("AuthorizerId")}
    (authorizer_id,) = {routes[key]["AuthorizerId"] for key in guarded}
    authorizer = gateway.get_authorizer(**of_api, AuthorizerId=authorizer_id)
    assert guarded == http_api.ROUTES.keys() - http_api.OPEN
    assert {routes[key]["AuthorizationType"] for key in guarded} == {"CUSTOM"}
    assert {routes[key]["AuthorizationType"] for key in http_api.OPEN} == {"NONE"}
    assert authorizer["IdentitySource"] == [f"$request.header.{name}" for name in http_api.IDENTITY]
    assert authorizer["AuthorizerResultTtlInSeconds"] == http_api.TTL_S
    assert authorizer["EnableSimpleResponses"]
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"


def test_every_function_and_task_has_the_addresses_it_needs(made: Stack) -> None:
    store, config = "timestream://bus_simulator?region=eu-west-1", f"s3://{bucket(ACCOUNT)}/config"
    functions = made.moto.client("lambda")
    said = functions.get_function_configuration(FunctionName="bus-simulator-people-count")["Environment"]
    assert said["Variables"] == {
        "BUS_SIMULATOR_STORE": store,
        "BUS_SIMULATOR_NETWORK": f"{config}/network.json",
        "BUS_SIMULATOR_CLOCK_PARAMETER": "/bus-simulator/clock",
        "BUS_SIMULATOR_LOG_LEVEL": "INFO",
        "BUS_SIMULATOR_LATEST_OBJECTS": f"s3://bus-simulator-latest-{ACCOUNT}/latest",
        "BUS_SIMULATOR_JOURNAL_OBJECT": f"{config}/journal.json",
        "BUS_SIMULATOR_LIMITS_TABLE": "bus-simulator-request-limits",
        "BUS_SIMULATOR_RATE_LIMIT": "50",
        "BUS_SIMULATOR_DAILY_LIMIT": "10000",
    }
    ecs = made.moto.client("ecs")
    for name in FEEDER_SERVICES:
        task = ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]
        (container,) = task["containerDefinitions"]
        variables = {each["name"]: each["value"] for each in container["environment"]}
        assert container["command"] == ["feed", name.removesuffix("-feeder")]
        assert variables["BUS_SIMULATOR_EVENT_BUS"] == "bus-simulator-events"
        assert variables["BUS_SIMULATOR_NETWORK"] == f"{config}/lines.yaml"
        assert variables["BUS_SIMULATOR_JOURNAL_OBJECT"] == f"{config}/journal.json"


def test_the_first_key_is_in_the_secret_and_nowhere_else(made: Stack) -> None:
    found = made.moto.client("secretsmanager").get_secret_value(SecretId="bus-simulator/api-key")
    key = json.loads(found["SecretString"])["api_key"]
    assert len(key) == 40
    state = made.state_file.read_text()
    assert "bus-simulator/api-key" in state
    assert key not in state
    assert key.encode() not in (made.terraform.folder / "plan").read_bytes()


def test_no_policy_has_a_star_where_a_name_exists(made: Stack) -> None:
    found = [statement for _, statement in statements(made.moto)]
    assert len(found) > 25
    for statement in found:
        actions = set(listed(statement["Action"]))
        assert not any("*" in action for action in actions)
        if "*" in listed(statement["Resource"]):
            assert actions <= NO_RESOURCE
        else:
            assert all(resource.startswith("arn:") for resource in listed(statement["Resource"]))


def test_each_role_allows_exactly_the_calls_of_its_program(made: Stack) -> None:
    assert actions_by_role(made.moto) == ACTIONS


def test_the_manuals_policy_lets_feeders_write(made: Stack) -> None:
    iam = made.moto.client("iam")
    first, *_ = policy(iam, "bus-simulator-feeder-task-role", "timestream-access")
    assert "timestream:WriteRecords" in first["Action"]
    tables = {resource.rpartition("/")[2] for resource in first["Resource"]}
    assert tables == {"people_count", "sensor_data", "bus_position", "stop_visit", "feeder_progress"}


def test_the_rule_matches_what_feeders_publish(made: Stack) -> None:
    rule = made.moto.client("events").describe_rule(
        Name="bus-simulator-positions", EventBusName="bus-simulator-events"
    )
    assert json.loads(rule["EventPattern"]) == {"source": [SOURCE], "detail-type": [POSITIONS]}


def test_a_feeders_log_line_becomes_the_metric_of_its_lag(made: Stack) -> None:
    logs = made.moto.client("logs")
    for name in FEEDER_SERVICES:
        (lag,) = logs.describe_metric_filters(logGroupName=f"/ecs/{name}")["metricFilters"]
        kind = name.removesuffix("-feeder")
        assert lag["filterPattern"] == f'{{ $.lag_s = * && $.feeder = "{kind}" }}'
        (metric,) = lag["metricTransformations"]
        assert (metric["metricName"], metric["metricValue"]) == ("FeederLag", "$.lag_s")
    status = FeederStatus("sensors", NOON, timedelta(), timedelta(minutes=1), "running")
    feeder = cast(Feeder, SimpleNamespace(status=lambda now: status))
    assert {"lag_s": 0.0, "feeder": "sensors"}.items() <= fields(feeder, NOON).items()


def test_alarms_notify_the_topic(made: Stack) -> None:
    found = alarms(made.moto)
    assert {each["AlarmName"] for each in found} == set(made.outputs()["alarms"])
    topic = made.outputs()["alarm_topic_arn"]
    assert all(each["AlarmActions"] == [topic] for each in found)


def test_a_feeders_alarms_use_the_metric_of_its_log(made: Stack) -> None:
    logs = made.moto.client("logs")
    for name in FEEDER_SERVICES:
        (lag,) = logs.describe_metric_filters(logGroupName=f"/ecs/{name}")["metricFilters"]
        (metric,) = lag["metricTransformations"]
        assert metric["dimensions"] == {"Feeder": "$.feeder"}
        expected = (
            metric["metricNamespace"],
            metric["metricName"],
            [{"Name": "Feeder", "Value": name.removesuffix("-feeder")}],
        )
        ours = [each for each in alarms(made.moto) if each["Namespace"] == metric["metricNamespace"]]
        found = [each for each in ours if each["AlarmName"].startswith(f"bus-simulator-{name}")]
        assert len(found) == 2
        for each in found:
            assert (each["Namespace"], each["MetricName"], each["Dimensions"]) == expected


def test_alarms_and_dashboard_use_existing_metrics(made: Stack) -> None:
    looked_at = watched(made.moto)
    assert len(looked_at) > 20
    assert looked_at - measured(made.moto) == set()


def test_the_dynamodb_tables_are_those_of_the_code(made: Stack) -> None:
    for definition in (*table_definitions(), use_table_definition("bus-simulator-request-limits")):
        name = definition["TableName"]
        assert in_order(table(made.moto, name)) == in_order(definition)
        told = made.moto.client("dynamodb").describe_time_to_live(TableName=name)
        assert told["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}


def in_order(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The same with its attributes by name: they have no order."""
    attributes = sorted(definition["AttributeDefinitions"], key=lambda each: str(each["AttributeName"]))
    return {**definition, "AttributeDefinitions": attributes}


def test_failed_events_go_to_the_queue_at_once(made: Stack) -> None:
    found = made.moto.client("lambda").get_function_event_invoke_config(
        FunctionName="bus-simulator-websocket-handler"
    )
    assert (found["MaximumEventAgeInSeconds"], found["MaximumRetryAttempts"]) == (60, 0)
    queue = found["DestinationConfig"]["OnFailure"]["Destination"]
    assert queue.endswith(":bus-simulator-undelivered-events")


@contextmanager
def task_with_a_log(moto: Moto) -> Iterator[str]:
    """The ARN of a running task, and a line in the MCP server's log: moto's services run none.

    The task has a definition of its own, since moto needs the memory of each container.
    """
    logs, ecs = moto.client("logs"), moto.client("ecs")
    stream = {"logGroupName": "/ecs/mcp-server", "logStreamName": "mcp/mcp-server/1"}
    logs.create_log_stream(**stream)
    line = {"timestamp": int(SystemWall().time() * 1000), "message": '{"group":"team-alpha"}'}
    logs.put_log_events(**stream, logEvents=[line])
    container = {"name": "mcp-server", "image": "mcp-server", "memory": 512}
    made = ecs.register_task_definition(family="of-the-test", containerDefinitions=[container])
    definition = made["taskDefinition"]["taskDefinitionArn"]
    cluster = "bus-simulator-cluster"
    (task,) = ecs.run_task(cluster=cluster, taskDefinition=definition, launchType="FARGATE")["tasks"]
    try:
        yield task["taskArn"]
    finally:
        ecs.stop_task(cluster=cluster, task=task["taskArn"])
        ecs.deregister_task_definition(taskDefinition=definition)


def test_the_commands_of_the_operations_manual_run(made: Stack, complete: Mapping[str, Any]) -> None:
    assert len(COMMANDS) + len(UNANSWERED) == 45
    assert resources(complete).keys() >= set(UNANSWERED.values())
    with task_with_a_log(made.moto) as task:
        values = {"account-id": ACCOUNT, "task-arn": task, "NEW_KEY": 40 * "k"}
        shell = OperatorsShell(made.moto.url, made.outputs(), values)
        for command, shows in COMMANDS.items():
            assert shows in shell.aws(command), command


def test_a_second_plan_changes_nothing_also_where_another_network_is_loaded(
    made: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", made.moto.url)
    other = tmp_path / "other.yaml"
    other.write_text(LINES.read_text().replace("line_id: L1\n", "line_id: L0\n"))
    done = CliRunner().invoke(load_config.main, ["--target", "aws", "--file", str(other)])
    assert done.exit_code == 0, done.output
    # The state of a deployment that was made before the tasks had a module of their own.
    older, moved = former(json.loads(made.state_file.read_text()))
    assert moved > 20
    made.state_file.write_text(json.dumps(older))
    assert unexpected(changes(made.plan())) == {}
    # `make deploy` compiles the loaded network then: it is in the place of an unchanged file.
    md5, name = terraform_outputs(made.terraform.folder, "lines_yaml_md5", "config_bucket")
    assert (md5, name) == (
        hashlib.md5(LINES.read_bytes(), usedforsecurity=False).hexdigest(),
        bucket(ACCOUNT),
    )
    assert compile_network.loaded_instead(made.terraform.folder, LINES, REGION) == other.read_bytes()


def test_it_switches_to_hosted_then_to_servers_and_aurora_and_is_destroyed(made: Stack) -> None:
    assert labels(made) == {"none"}
    made.moto.client("ssm").put_parameter(Name=IMAGE_DIGEST, Value=DIGEST, Overwrite=True)
    check_hosted(made.plan(timestream="hosted", **EVERYTHING))
    made.apply()
    assert labels(made) == {DIGEST}
    services = made.outputs()["ecs_services"]
    assert set(services) == {*SERVICES, HOSTED_SERVICE}
    assert made.moto.client("timestream-write").list_databases()["Databases"] == []
    check_tokens(made)
    endpoints = made.moto.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    inside = [each for each in endpoints if each["VpcEndpointType"] == "Interface"]
    assert [len(each["SubnetIds"]) for each in inside] == [ENDPOINT_ZONES] * 3
    (trail,) = made.moto.client("cloudtrail").describe_trails()["trailList"]
    (subscribed,) = made.moto.client("sns").list_subscriptions_by_topic(
        TopicArn=made.outputs()["findings_topic_arn"]
    )["Subscriptions"]
    assert subscribed["Endpoint"] == "operators@example.org"
    assert trail["S3BucketName"] == f"bus-simulator-audit-{ACCOUNT}"
    assert unexpected(changes(made.plan(timestream="hosted", **EVERYTHING))) == {}

    certificate = made.moto.client("acm").request_certificate(DomainName=DOMAIN)["CertificateArn"]
    servers = {"domain": DOMAIN, "certificate_arn": certificate, "requests_per_address_5min": 15_000}
    chosen = {"store": "aurora", "front": "fargate", **servers}
    plan = made.plan(**chosen)
    made.apply()
    check_servers(made, plan)
    assert unexpected(changes(made.plan(**chosen))) == {}

    destroy(made)
