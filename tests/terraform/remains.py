"""What of a deployment is in moto: everything that a fresh account hasn't."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.terraform.stack import Moto

Listing = Callable[[Any], list[Any]]
LISTINGS: Mapping[str, Mapping[str, Listing]] = {
    "apigatewayv2": {
        "APIs": lambda aws: aws.get_apis()["Items"],
        "domains": lambda aws: aws.get_domain_names()["Items"],
        "VPC links": lambda aws: aws.get_vpc_links()["Items"],
    },
    "cloudwatch": {
        "alarms": lambda aws: aws.describe_alarms()["MetricAlarms"],
        "dashboards": lambda aws: aws.list_dashboards()["DashboardEntries"],
    },
    "config": {"recorders": lambda aws: aws.describe_configuration_recorders()["ConfigurationRecorders"]},
    "dynamodb": {"tables": lambda aws: aws.list_tables()["TableNames"]},
    "ec2": {
        "VPCs": lambda aws: [each for each in aws.describe_vpcs()["Vpcs"] if not each["IsDefault"]],
        "security groups": lambda aws: [
            each["GroupName"]
            for each in aws.describe_security_groups()["SecurityGroups"]
            if each["GroupName"] != "default"
        ],
        "endpoints": lambda aws: [
            each["VpcEndpointId"]
            for each in aws.describe_vpc_endpoints()["VpcEndpoints"]
            if each["State"] != "deleted"
        ],
        "flow logs": lambda aws: aws.describe_flow_logs()["FlowLogs"],
    },
    "ecr": {"repositories": lambda aws: aws.describe_repositories()["repositories"]},
    "ecs": {
        "clusters": lambda aws: [
            each["clusterName"]
            for each in aws.describe_clusters(clusters=aws.list_clusters()["clusterArns"])["clusters"]
            if each["status"] == "ACTIVE"
        ],
        "task definitions": lambda aws: aws.list_task_definitions(status="ACTIVE")["taskDefinitionArns"],
    },
    "elbv2": {
        "load balancers": lambda aws: aws.describe_load_balancers()["LoadBalancers"],
        "target groups": lambda aws: aws.describe_target_groups()["TargetGroups"],
    },
    "events": {
        "buses": lambda aws: [
            each for each in aws.list_event_buses()["EventBuses"] if each["Name"] != "default"
        ],
        "rules": lambda aws: aws.list_rules()["Rules"],
    },
    "guardduty": {"detectors": lambda aws: aws.list_detectors()["DetectorIds"]},
    "iam": {
        "roles": lambda aws: [each["RoleName"] for each in aws.list_roles()["Roles"]],
        "policies": lambda aws: aws.list_policies(Scope="Local")["Policies"],
    },
    "lambda": {"functions": lambda aws: aws.list_functions()["Functions"]},
    "logs": {
        "log groups": lambda aws: [each["logGroupName"] for each in aws.describe_log_groups()["logGroups"]]
    },
    "rds": {
        "clusters": lambda aws: aws.describe_db_clusters()["DBClusters"],
        "subnet groups": lambda aws: aws.describe_db_subnet_groups()["DBSubnetGroups"],
    },
    "s3": {"buckets": lambda aws: aws.list_buckets()["Buckets"]},
    "secretsmanager": {"secrets": lambda aws: aws.list_secrets()["SecretList"]},
    "servicediscovery": {
        "namespaces": lambda aws: aws.list_namespaces()["Namespaces"],
        "services": lambda aws: aws.list_services()["Services"],
    },
    "sns": {"topics": lambda aws: aws.list_topics()["Topics"]},
    "sqs": {"queues": lambda aws: aws.list_queues().get("QueueUrls", [])},
    "ssm": {"parameters": lambda aws: [each["Name"] for each in aws.describe_parameters()["Parameters"]]},
    "timestream-write": {"databases": lambda aws: aws.list_databases()["Databases"]},
}
"""How each service lists what a deployment makes there, but trails: moto deletes none by ARN."""


def remains(moto: Moto) -> Mapping[str, list[Any]]:
    """What is there, by service and kind; nothing in a fresh account."""
    return {name: found for name, found in _listed(moto) if found}


def _listed(moto: Moto) -> Iterator[tuple[str, list[Any]]]:
    for service, kinds in LISTINGS.items():
        client = moto.client(service)
        for kind, listing in kinds.items():
            yield f"{service}: {kind}", listing(client)
        client.close()
