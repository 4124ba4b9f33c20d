"""What an account can do, asked before a deployment: its region's services, its quotas, the caller's rights.

Only a missing service prevents a deployment. A quota that is too low lets it be made and then throttles its
clients; rights are simulated without the resources that a policy may name. So those are said and no more.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal, NamedTuple, TypeAlias

from botocore.session import Session, get_session

from services.operate.aws_problems import AwsProblem, call_aws

Verdict: TypeAlias = Literal["ok", "FAIL", "low", "?"]
Clients: TypeAlias = Callable[[str], Any]
"""Makes a client of a service: for three of them types-boto3 has no stubs here."""

SERVICES = {
    "API Gateway": "apigatewayv2",
    "CloudWatch": "cloudwatch",
    "DynamoDB": "dynamodb",
    "ECR": "ecr",
    "ECS": "ecs",
    "EventBridge": "events",
    "Lambda": "lambda",
    "S3": "s3",
    "Secrets Manager": "secretsmanager",
    "SQS": "sqs",
    "SSM": "ssm",
}
"""The services of every deployment, and boto3's names of them."""

ACTIONS = (
    "apigateway:POST",
    "cloudwatch:PutMetricAlarm",
    "dynamodb:CreateTable",
    "ec2:CreateSecurityGroup",
    "ec2:CreateVpc",
    "ecr:CreateRepository",
    "ecr:PutImage",
    "ecs:CreateCluster",
    "ecs:CreateService",
    "events:PutRule",
    "iam:CreateRole",
    "iam:PassRole",
    "iam:PutRolePolicy",
    "lambda:CreateFunction",
    "logs:CreateLogGroup",
    "s3:CreateBucket",
    "secretsmanager:CreateSecret",
    "servicediscovery:CreatePrivateDnsNamespace",
    "sns:CreateTopic",
    "sqs:CreateQueue",
    "ssm:PutParameter",
)
"""Calls that a deployment begins with, one or two of each service."""

TEAM_REQUESTS_PER_S = 2.0
"""What a team asks when all are busy at the same time."""
ANSWER_S = 0.2
"""How long a function takes for an answer, on the average with some cold starts."""
OTHER_INVOCATIONS = 60
"""Chunks of large WebSocket ticks (`fan_out_concurrency`), and authorizers."""
BUSES_A_LINE, TICK_S = 12, 30.0
MOST_MESSAGES = 100_000
"""Messages to WebSocket clients in a tick, which API Gateway and the functions can send (docs/aws.md)."""
RECONNECT_S = 30.0
"""The time in which all WebSocket clients come back after an interruption."""


class Quota(NamedTuple):
    """A quota: its codes in Service Quotas, and its value in an account that has never asked for more."""

    service: str
    code: str
    usual: float


VCPUS = Quota("fargate", "L-3032A538", 6)
REQUESTS = Quota("apigateway", "L-8A5B8E43", 10_000)
CONNECTIONS = Quota("apigateway", "L-9ED1E49A", 500)
CONCURRENCY = "L-B99A9384"
LONGEST_REASON = 250


@dataclass(frozen=True, slots=True)
class Expected:
    """What a deployment is for: teams, WebSocket clients, the tasks' virtual CPUs, Timestream or not."""

    region: str
    teams: int
    sockets: int
    vcpus: float
    timestream: bool

    @property
    def invocations(self) -> int:
        """How many invocations of functions run at the same time."""
        return math.ceil(self.teams * TEAM_REQUESTS_PER_S * ANSWER_S) + OTHER_INVOCATIONS

    @property
    def requests_per_s(self) -> float:
        """What the stages of REST and MCP take (terraform/main.tf), and the messages to WebSocket clients."""
        stages = min(8000, 1000 + 10 * self.teams) + max(50, 2 * self.teams)
        return stages + self.messages / TICK_S

    @property
    def messages(self) -> int:
        """Messages in a tick, if each client follows a line of usual size without batches."""
        return self.sockets * BUSES_A_LINE


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. `FAIL` prevents the deployment, `low` limits it, `?` couldn't be asked."""

    check: str
    verdict: Verdict
    detail: str

    def __str__(self) -> str:
        return f"{self.verdict:<4}  {self.check:<22}  {self.detail}"


def preflight(clients: Clients, expected: Expected, caller_arn: str) -> Iterator[Finding]:
    """Run all checks. Each gives one finding, also where AWS doesn't answer."""
    quotas = clients("service-quotas")
    yield check_region(expected)
    yield asked("Lambda concurrency", lambda: check_concurrency(clients("lambda"), expected))
    yield from (
        asked(check, partial(check_quota, quotas, check, quota, needed))
        for check, quota, needed in (
            ("Fargate vCPUs", VCPUS, expected.vcpus),
            ("API requests per s", REQUESTS, expected.requests_per_s),
            ("WebSocket connects / s", CONNECTIONS, expected.sockets / RECONNECT_S),
        )
    )
    yield check_messages(expected)
    yield asked("rights", lambda: check_rights(clients("iam"), expected, caller_arn))


def asked(check: str, ask: Callable[[], Finding]) -> Finding:
    """A finding, or the reason why there is none."""
    try:
        return ask()
    except AwsProblem as problem:
        return Finding(check, "?", textwrap.shorten(f"not known: {problem}", LONGEST_REASON))


def check_region(expected: Expected) -> Finding:
    """Whether the region has all services, by the endpoints that boto3 knows."""
    wanted = SERVICES | ({"Timestream": "timestream-write"} if expected.timestream else {})
    missing = [name for name, service in wanted.items() if not region_has(expected.region, service)]
    if missing:
        return Finding("region", "FAIL", f"{expected.region} has no {', '.join(missing)}")
    return Finding("region", "ok", f"{expected.region} has all services")


@cache
def shared_session() -> Session:
    """A session for boto3's table of regions, which it reads once a session."""
    return get_session()


def region_has(region: str, service: str) -> bool:
    """Whether a region has a service, by boto3's name. Regions that boto3 doesn't know have all."""
    session = shared_session()
    partition = session.get_partition_for_region(region)
    known = session.get_available_regions("ec2", partition)
    return region not in known or region in session.get_available_regions(service, partition)


def check_concurrency(functions: Any, expected: Expected) -> Finding:
    """Whether enough functions may run at the same time. Raises `AwsProblem`."""
    answer = call_aws(functions.get_account_settings, "the account's settings of Lambda")
    found = number_in(answer.get("AccountLimit", {}), "UnreservedConcurrentExecutions")
    return compared("Lambda concurrency", found, expected.invocations, f"lambda {CONCURRENCY}")


def check_quota(quotas: Any, check: str, quota: Quota, needed: float) -> Finding:
    """Whether a quota is high enough. Raises `AwsProblem`."""
    ask = partial(quotas.get_service_quota, ServiceCode=quota.service, QuotaCode=quota.code)
    try:
        found = number_in(call_aws(ask, f"quota {quota.service} {quota.code}").get("Quota", {}), "Value")
    except AwsProblem as problem:
        raise AwsProblem(
            f"{problem}; AWS gives new accounts {quota.usual:,g}, {needed:,.4g} are needed"
        ) from problem
    return compared(check, found, needed, f"{quota.service} {quota.code}")


def number_in(found: Mapping[str, Any], name: str) -> float:
    """A number in an answer. Raises `AwsProblem` without one."""
    value = found.get(name)
    if not isinstance(value, int | float):
        raise AwsProblem(f"the answer has no {name}")
    return float(value)


def compared(check: str, found: float, needed: float, quota: str) -> Finding:
    """Whether a number is high enough; if not, how to get more."""
    if found >= needed:
        return Finding(check, "ok", f"{found:,g}, {needed:,.4g} are needed")
    more = f"ask AWS for more in Service Quotas ({quota})"
    return Finding(check, "low", f"{found:,g}, {needed:,.4g} are needed: {more}")


def check_messages(expected: Expected) -> Finding:
    """Whether API Gateway can send so many WebSocket clients their positions within a tick."""
    said = f"{expected.messages:,} messages a tick, at most {MOST_MESSAGES:,}"
    if expected.messages <= MOST_MESSAGES:
        return Finding("WebSocket messages", "ok", said)
    return Finding("WebSocket messages", "low", f'{said}: clients need "batch": true, or another front')


def check_rights(iam: Any, expected: Expected, caller_arn: str) -> Finding:
    """Whether the caller may make what a deployment begins with. Raises `AwsProblem`."""
    if caller_arn.endswith(":root"):
        return Finding("rights", "ok", "the account's root user may do everything")
    wanted = [*ACTIONS, *(["timestream:CreateDatabase"] if expected.timestream else [])]
    simulate = partial(
        iam.simulate_principal_policy, PolicySourceArn=principal(iam, caller_arn), ActionNames=wanted
    )
    results: Sequence[Mapping[str, str]] = call_aws(simulate, "rights of these credentials")[
        "EvaluationResults"
    ]
    denied = [each["EvalActionName"] for each in results if each["EvalDecision"] != "allowed"]
    if denied:
        return Finding("rights", "low", f"AWS's simulation denies {', '.join(denied)}")
    return Finding("rights", "ok", f"all {len(results)} actions that were tried are allowed")


def principal(iam: Any, caller_arn: str) -> str:
    """The user or role behind a caller: a session of a role has an ARN of its own. Raises `AwsProblem`."""
    kind, _, rest = caller_arn.rpartition(":")[2].partition("/")
    if kind != "assumed-role":
        return caller_arn
    role = partial(iam.get_role, RoleName=rest.partition("/")[0])
    return str(call_aws(role, "the role of these credentials")["Role"]["Arn"])
