"""The `aws` commands of the operations manual, run unchanged by the AWS CLI in this process.

The manual isn't part of a clone, so its 45 distinct commands are here, each with a text that its output has
on a deployment. Values in `$(…)`, `$…` and `<…>` are filled in as an operator's shell would.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.aws_cli import aws
from tests.terraform_cli import KEYS

REGION = " --region eu-west-1"
CLUSTER = "--cluster bus-simulator-cluster"
ALL = "people-count-feeder sensors-feeder bus-position-feeder mcp-server"
HOUR = "--start-time $(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%S)"
NOW = "--end-time $(date -u +%Y-%m-%dT%H:%M:%S)"
FUNCTION = "/aws/lambda/bus-simulator-"
OF_FUNCTION = "--dimensions Name=FunctionName,Value=bus-simulator-people-count"
SECRET = "--secret-id bus-simulator/api-key"

COMMANDS: Mapping[str, str] = {
    "apigatewayv2 get-apis --query 'Items[?Name==`madrid-bus-simulator-http`]'": '"ProtocolType": "HTTP"',
    "apigatewayv2 get-vpc-link --vpc-link-id $(cd terraform && terraform output -raw mcp_vpc_link_id)": (
        '"VpcLinkStatus": "AVAILABLE"'
    ),
    f"cloudwatch get-metric-statistics --namespace AWS/ApiGateway --metric-name Count "
    f"--dimensions Name=ApiName,Value=madrid-bus-simulator-http {HOUR} {NOW} "
    f"--period 300 --statistics Sum": '"Label": "Count"',
    f"cloudwatch get-metric-statistics --namespace AWS/ECS --metric-name CPUUtilization "
    f"--dimensions Name=ServiceName,Value=people-count-feeder Name=ClusterName,Value=bus-simulator-cluster "
    f"{HOUR} {NOW} --period 300 --statistics Average": '"Label": "CPUUtilization"',
    f"cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Duration {OF_FUNCTION} "
    f"{HOUR} {NOW} --period 300 --statistics Average,Maximum": '"Label": "Duration"',
    f"cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Invocations {OF_FUNCTION} "
    f"{HOUR} {NOW} --period 300 --statistics Sum": '"Label": "Invocations"',
    f"cloudwatch get-metric-statistics --namespace AWS/Lambda --metric-name Invocations {OF_FUNCTION} "
    f"{HOUR.replace('1 hour', '5 minutes')} {NOW} --period 60 --statistics Sum": '"Label": "Invocations"',
    "dynamodb scan --table-name bus-simulator-websocket-connections": '"Count": 0',
    'ec2 describe-security-groups --filters "Name=tag:Project,Values=Madrid-Bus-Simulator"': (
        "bus-simulator-feeders"
    ),
    "ec2 describe-security-groups --group-ids "
    "$(cd terraform && terraform output -raw mcp_security_group_id)": "bus-simulator-mcp",
    f"ecs describe-services {CLUSTER} --services mcp-server": '"serviceName": "mcp-server"',
    f"ecs describe-services {CLUSTER} --services people-count-feeder": '"status": "ACTIVE"',
    f"ecs describe-services {CLUSTER} --services {ALL}": '"failures": []',
    f"ecs describe-services {CLUSTER} --services {ALL}{REGION} "
    "--query 'services[*].[serviceName,status,runningCount,desiredCount]' --output table": "mcp-server",
    f"ecs describe-tasks {CLUSTER} --tasks $(aws ecs list-tasks {CLUSTER} --service-name mcp-server "
    "--query 'taskArns[0]' --output text)": '"failures": []',
    f"ecs describe-tasks {CLUSTER} --tasks <task-arn>": '"failures": []',
    f"ecs list-tasks {CLUSTER} --service-name people-count-feeder --desired-status STOPPED": '"taskArns": []',
    f"ecs update-service {CLUSTER} --service people-count-feeder --force-new-deployment": '"PRIMARY"',
    f"ecs update-service {CLUSTER} --service sensors-feeder --force-new-deployment": '"PRIMARY"',
    f"ecs update-service {CLUSTER} --service bus-position-feeder --force-new-deployment": '"PRIMARY"',
    f"ecs update-service {CLUSTER} --service mcp-server --force-new-deployment": '"PRIMARY"',
    "iam get-role-policy --role-name bus-simulator-feeder-task-role --policy-name timestream-access": (
        "timestream:WriteRecords"
    ),
    "iam list-role-policies --role-name bus-simulator-feeder-task-role": "timestream-access",
    "iam list-roles --query 'Roles[?contains(RoleName, `bus-simulator`)].RoleName' --output table": (
        "bus-simulator-feeder-task-role"
    ),
    "lambda get-function --function-name bus-simulator-people-count": '"Runtime": "python3.12"',
    "lambda list-functions --query 'Functions[?starts_with(FunctionName, `bus-simulator`)]'": (
        "bus-simulator-websocket-authorizer-v2"
    ),
    f'logs filter-log-events --log-group-name {FUNCTION}people-count --filter-pattern "ERROR" '
    "--start-time $(date -u -d '1 hour ago' +%s)000": '"events"',
    f'logs filter-log-events --log-group-name {FUNCTION}people-count --filter-pattern "Task timed out"': (
        '"events"'
    ),
    'logs filter-log-events --log-group-name /ecs/mcp-server --filter-pattern "team-alpha"': "team-alpha",
    f"logs tail {FUNCTION}people-count --follow": '"events"',
    f"logs tail {FUNCTION}rest-authorizer --follow": '"events"',
    f"logs tail {FUNCTION}websocket-authorizer-v2 --follow": '"events"',
    f"logs tail {FUNCTION}websocket-handler --follow": '"events"',
    "logs tail /ecs/mcp-server --follow": "team-alpha",
    "logs tail /ecs/people-count-feeder --follow": '"events"',
    "s3 ls s3://bus-simulator-config-<account-id>/": "PRE config/",
    f"secretsmanager get-secret-value {SECRET} --query SecretString --output text": '{"api_key":',
    f"secretsmanager get-secret-value {SECRET}": '"SecretString"',
    f'secretsmanager update-secret {SECRET} --secret-string "{{\\"api_key\\":\\"$NEW_KEY\\"}}"': (
        '"VersionId"'
    ),
    'timestream-query query --query-string "SELECT COUNT(*) FROM bus_simulator.people_count"': '"QueryId"',
    'timestream-query query --query-string "SELECT COUNT(*) as count FROM bus_simulator.people_count '
    'WHERE time > ago(1h)"': '"QueryId"',
    'timestream-query query --query-string "SELECT DISTINCT stop_id FROM bus_simulator.people_count"': (
        '"QueryId"'
    ),
    'timestream-query query --query-string "SELECT MIN(time) as oldest, MAX(time) as newest '
    'FROM bus_simulator.people_count"': '"QueryId"',
}
"""The commands that moto answers. It runs no queries: `test_aws_cli` runs these on the project's endpoint."""

UNANSWERED: Mapping[str, str] = {
    "budgets describe-budget --account-id $(aws sts get-caller-identity --query Account --output text) "
    "--budget-name bus-simulator-monthly-budget": 'module.budget["monthly"].aws_budgets_budget.monthly',
    "cloudtrail lookup-events --lookup-attributes "
    "AttributeKey=ResourceType,AttributeValue=AWS::SecretsManager::Secret "
    "--start-time $(date -u -d '24 hours ago' +%Y-%m-%dT%H:%M:%S)": (
        "module.secrets.aws_secretsmanager_secret.api_key"
    ),
}
"""The commands that moto can't answer, each with the address of what it is about in a plan.

The provider can't make a budget in moto, which lacks a call that follows; moto's CloudTrail has no events.
"""

SUBSTITUTION = re.compile(r"\$\(([^()]*)\)|<([a-z-]+)>|\$([A-Z_]+)")
OUTPUT = "cd terraform && terraform output -raw "


@dataclass(frozen=True)
class OperatorsShell:
    """Runs commands as an operator's shell does. `outputs` are Terraform's; `values` those in `$…`, `<…>`."""

    endpoint_url: str
    outputs: Mapping[str, str]
    values: Mapping[str, str] = field(default_factory=dict)

    def aws(self, command: str) -> str:
        """Run a command; return its output. Fails if its exit code isn't 0."""
        service, operation, *more = shlex.split(SUBSTITUTION.sub(self._value, command))
        if (service, operation) == ("logs", "tail"):
            # The CLI that pip installs is version 1, which lacks this command; version 2 makes this call.
            operation, more = "filter-log-events", ["--log-group-name", more[0], "--interleaved"]
        arguments = [service, operation, *more, "--endpoint-url", self.endpoint_url]
        done = aws(arguments if "--region" in more else [*arguments, *REGION.split()], KEYS)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def _value(self, found: re.Match[str]) -> str:
        inner, placeholder, variable = found.groups()
        if inner is None:
            return self.values[placeholder or variable]
        if inner.startswith("aws "):
            return self.aws(inner.removeprefix("aws ")).strip()
        if inner.startswith(OUTPUT):
            return self.outputs[inner.removeprefix(OUTPUT)]
        assert inner.startswith("date "), inner
        return subprocess.check_output(["bash", "-c", inner], text=True).strip()
