"""What deployments of each kind must have, seen from outside, and that nothing is left of a destroyed one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.operate.api_endpoints import Endpoints, find_endpoints, front_url
from services.operate.resource_names import API_SERVICE, FEEDER_SERVICES, HOSTED_SERVICE, SERVICES, bucket
from tests.terraform.contract import SERVER_ACTIONS
from tests.terraform.deployed import actions_by_role, alarms, listed, statements
from tests.terraform.planned import resources
from tests.terraform.remains import remains
from tests.terraform.stack import ACCOUNT, Moto, Stack

DIGEST = f"sha256:{64 * 'a'}"
DOMAIN = "bus.example.org"


def labels(stack: Stack) -> set[str]:
    """The image's digest in the task definitions of the running services."""
    ecs = stack.moto.client("ecs")
    services = [*SERVICES, *([HOSTED_SERVICE] if HOSTED_SERVICE in stack.outputs()["ecs_services"] else [])]
    running = ecs.describe_services(cluster="bus-simulator-cluster", services=services)["services"]
    tasks = (ecs.describe_task_definition(taskDefinition=each["taskDefinition"]) for each in running)
    containers = (each for task in tasks for each in task["taskDefinition"]["containerDefinitions"])
    return {each["dockerLabels"]["image-digest"] for each in containers}


def check_hosted(plan: Mapping[str, Any]) -> None:
    """Check that no table is left, and that functions run in the endpoint's VPC."""
    planned = resources(plan)
    assert not any("aws_timestreamwrite" in address for address in planned)
    assert planned['module.timestream_hosted["endpoint"].aws_ecs_service.endpoint']["name"] == HOSTED_SERVICE
    store = plan["planned_values"]["outputs"]["store_url"]["value"]
    assert store == (
        "timestream://bus_simulator?region=eu-west-1"
        "&endpoint_url=http://timestream.bus-simulator.internal:4568"
    )
    for address, values in planned.items():
        if "aws_lambda_function." in address and "authorizer" not in address:
            assert values["environment"][0]["variables"]["BUS_SIMULATOR_STORE"] == store
            assert values["vpc_config"][0]["ipv6_allowed_for_dual_stack"], address


def check_tokens(made: Stack) -> None:
    """Check who gets which token of the hosted endpoint, and that Terraform keeps none."""
    secrets, ecs = made.moto.client("secretsmanager"), made.moto.client("ecs")
    ids = {kind: f"bus-simulator/timestream-{kind}-token" for kind in ("reader", "writer")}
    found = {kind: secrets.get_secret_value(SecretId=name) for kind, name in ids.items()}
    tokens = {kind: each["SecretString"] for kind, each in found.items()}
    assert tokens["reader"] != tokens["writer"]
    assert [kind for kind, token in tokens.items() if token in made.state_file.read_text()] == []
    clients = {**dict.fromkeys(FEEDER_SERVICES, "writer"), "mcp-server": "reader"}
    for service, kind in clients.items():
        task = ecs.describe_task_definition(taskDefinition=service)["taskDefinition"]
        (given,) = task["containerDefinitions"][0]["secrets"]
        assert given == {"name": "BUS_SIMULATOR_STORE_TOKEN", "valueFrom": found[kind]["ARN"]}, service
    allowed = [
        each for _, each in statements(made.moto) if found["writer"]["ARN"] in listed(each["Resource"])
    ]
    assert [listed(each["Action"]) for each in allowed] == [["secretsmanager:GetSecretValue"]]
    function = made.moto.client("lambda").get_function_configuration(FunctionName="bus-simulator-sensors")
    assert function["Environment"]["Variables"]["BUS_SIMULATOR_STORE_TOKEN_SECRET"] == ids["reader"]


def environment_of(made: Stack, service: str) -> dict[str, str]:
    """The environment variables of a service's container."""
    task = made.moto.client("ecs").describe_task_definition(taskDefinition=service)["taskDefinition"]
    (container,) = task["containerDefinitions"]
    return {each["name"]: each["value"] for each in container["environment"]}


def check_servers(made: Stack, plan: Mapping[str, Any]) -> None:
    """Check that servers and Aurora take the place of functions, gateways and the hosted endpoint."""
    planned = resources(plan)
    kinds = (
        "aws_lambda_",
        "aws_apigatewayv2_",
        "aws_timestreamwrite_",
        "mcp_server",
        "timestream_hosted",
        "module.latest",
    )
    assert [address for address in planned if any(kind in address for kind in kinds)] == []
    assert set(made.outputs()["ecs_services"]) == {*FEEDER_SERVICES, API_SERVICE}
    (cluster,) = made.moto.client("rds").describe_db_clusters()["DBClusters"]
    assert (cluster["Engine"], cluster["StorageEncrypted"]) == ("aurora-postgresql", True)
    task = made.moto.client("ecs").describe_task_definition(taskDefinition=API_SERVICE)["taskDefinition"]
    (container,) = task["containerDefinitions"]
    variables = {each["name"]: each["value"] for each in container["environment"]}
    store = variables["BUS_SIMULATOR_STORE"]
    assert store == made.outputs()["store_url"]
    assert store.startswith(f"postgresql://bus@{cluster['Endpoint']}:5432/bus?sslmode=verify-full&")
    assert variables["BUS_SIMULATOR_CONTROL"] == "true"
    assert variables["BUS_SIMULATOR_JOURNAL_OBJECT"] == f"s3://{bucket(ACCOUNT)}/config/journal.json"
    assert [each["name"] for each in container["secrets"]] == ["PGPASSWORD"]
    assert "BUS_SIMULATOR_KEEP_DAYS" not in variables
    fed = environment_of(made, FEEDER_SERVICES[0])
    assert fed["BUS_SIMULATOR_KEEP_DAYS"] == "30"
    assert fed.keys() & {"BUS_SIMULATOR_EVENT_BUS", "BUS_SIMULATOR_LATEST_OBJECTS"} == set()
    assert container["dockerLabels"] == {"image-digest": DIGEST}
    password = made.moto.client("secretsmanager").get_secret_value(SecretId="bus-simulator/database-password")
    assert len(password["SecretString"]) == 40
    assert password["SecretString"] not in made.state_file.read_text()
    assert front_url(made.moto.client("ssm")) == made.outputs()["rest_api_url"] == f"https://{DOMAIN}"
    assert {role: actions_by_role(made.moto)[role] for role in SERVER_ACTIONS} == SERVER_ACTIONS
    # Autoscaling makes alarms of its own.
    names = {each["AlarmName"] for each in alarms(made.moto)}
    found = {name for name in names if name.startswith("bus-simulator-")}
    assert found == set(made.outputs()["alarms"])
    assert {"bus-simulator-front-5xx", "bus-simulator-database-connections"} <= found


def destroy(stack: Stack) -> None:
    """Destroy a deployment, and check that nothing is left of it."""
    stack.terraform.must("destroy", "-auto-approve")
    assert stack.terraform.must("state", "list") == ""
    assert remains(stack.moto) == {}


def named_apis(moto: Moto) -> dict[str, str]:
    """The variables for domains of the APIs, with their certificate and zone."""
    certificate = moto.client("acm").request_certificate(DomainName="*.example.org")["CertificateArn"]
    zone = moto.client("route53").create_hosted_zone(Name="example.org", CallerReference="tests")
    return {
        "domain": DOMAIN,
        "websocket_domain": "live.example.org",
        "mcp_domain": "mcp.example.org",
        "certificate_arn": certificate,
        "zone_id": zone["HostedZone"]["Id"].removeprefix("/hostedzone/"),
    }


def check_named_apis(made: Stack, zone_id: str) -> None:
    """Check that each domain leads to its API, and that operators' commands find it."""
    found = find_endpoints(made.moto.client("apigatewayv2"), api_url=None, ws_url=None, mcp_url=None)
    assert found == Endpoints(f"https://{DOMAIN}", "wss://live.example.org", "https://mcp.example.org")
    outputs = made.outputs()
    urls = tuple(outputs[name] for name in ("rest_api_url", "websocket_api_endpoint", "mcp_api_endpoint"))
    assert urls == (found.api_url, found.ws_url, found.mcp_url)
    assert outputs["domain_targets"].keys() == {DOMAIN, "live.example.org", "mcp.example.org"}
    hosts = environment_of(made, "mcp-server")["BUS_SIMULATOR_ALLOWED_HOSTS"].split(",")
    assert "mcp.example.org" in hosts
    records = made.moto.client("route53").list_resource_record_sets(HostedZoneId=zone_id)
    aliases = {
        each["Name"].rstrip("."): each["AliasTarget"]["DNSName"].rstrip(".")
        for each in records["ResourceRecordSets"]
        if "AliasTarget" in each
    }
    assert aliases == outputs["domain_targets"]
