"""The daily costs of a deployment: planned resources times `docs/aws-prices.yaml`'s prices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from math import exp
from pathlib import Path
from typing import Any

import yaml

from scripts.planned import Planned
from services.lambdas.shared_limits import CREDIT
from simulator.network import Network

PRICES = Path(__file__).parent.parent / "docs" / "aws-prices.yaml"
HOURS = 24
MONTH = 30.4
"""Days per month."""
MILLION = 1_000_000
GB = 1_000_000_000
KIB = 1024
CPU_UNITS, MIB = 1024, 1024
MINUTES, TICKS = 1440, 2880
"""Ticks per day at intervals of 60 s and 30 s."""
BUCKET = "aws_s3_bucket"
ENDPOINT_ZONES = 1
"""In how many zones `terraform/modules/network` has an interface endpoint; each zone is charged."""


@dataclass(frozen=True, slots=True)
class Prices:
    """The price list: US dollars in us-east-1, and the factor for the deployment's region."""

    collected: date
    region: str
    factor: float
    listed: Mapping[str, Mapping[str, Any]]
    assumed: Mapping[str, Mapping[str, Any]]
    event: Mapping[str, float]

    def of(self, name: str) -> float:
        """A price in the region, in US dollars."""
        return float(self.listed[name]["usd"]) * self.factor

    def assumption(self, name: str) -> float:
        """The value of an assumption."""
        return float(self.assumed[name]["value"])


@dataclass(frozen=True, slots=True)
class CostItem:
    """An amount of something per day, and its costs."""

    part: str
    what: str
    amount: float
    unit: str
    usd: float


def read_prices(path: Path = PRICES) -> Prices:
    """Read a price list."""
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Prices(
        found["collected"],
        found["region"],
        found["factor"],
        found["prices"],
        found["assumptions"],
        found["event"],
    )


def idle_items(plan: Planned, network: Network, prices: Prices) -> list[CostItem]:
    """The costs of a day without requests."""
    parts = (
        fargate_items,
        network_items,
        timestream_items,
        monitoring_items,
        eventbridge_items,
        storage_items,
    )
    return [item for part in parts for item in part(plan, network, prices)]


def resources_of_type(plan: Planned, kind: str) -> list[Mapping[str, Any]]:
    """The planned resources of a type."""
    return [each for each in plan.values() if each["type"] == kind]


def services_with_tasks(plan: Planned) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each ECS service with its task definition."""
    tasks = {each["family"]: each for each in resources_of_type(plan, "aws_ecs_task_definition")}
    for service in resources_of_type(plan, "aws_ecs_service"):
        yield service, tasks[service["name"]]


def fargate_items(plan: Planned, _: Network, prices: Prices) -> Iterator[CostItem]:
    """Processors and memory of the ECS services."""
    running = [(each["desired_count"], task) for each, task in services_with_tasks(plan)]
    cpus = HOURS * sum(count * int(task["cpu"]) / CPU_UNITS for count, task in running)
    memory = HOURS * sum(count * int(task["memory"]) / MIB for count, task in running)
    yield priced_item("Fargate", "vCPUs", cpus, "vCPU-hours", prices.of("fargate_vcpu_hour"))
    yield priced_item("Fargate", "memory", memory, "GB-hours", prices.of("fargate_gb_hour"))


def network_items(plan: Planned, _: Network, prices: Prices) -> Iterator[CostItem]:
    """The tasks' public addresses (cheaper than a NAT gateway), and endpoints in the VPC."""
    public = [
        each
        for each, _ in services_with_tasks(plan)
        if each["network_configuration"][0].get("assign_public_ip")
    ]
    addresses = HOURS * sum(each["desired_count"] for each in public)
    yield priced_item("Network", "public IPv4 addresses", addresses, "hours", prices.of("public_ipv4_hour"))
    inside = [
        each
        for each in resources_of_type(plan, "aws_vpc_endpoint")
        if each["vpc_endpoint_type"] == "Interface"
    ]
    if inside:
        hours = HOURS * len(inside) * ENDPOINT_ZONES
        yield priced_item(
            "Network", "interface endpoints", hours, "hours", prices.of("interface_endpoint_hour")
        )


def records_per_day(network: Network, prices: Prices) -> float:
    """How many records the feeders write per day."""
    stops, buses = len(network.stops), sum(len(line.buses) for line in network.lines)
    visits = buses * prices.assumption("visits_a_bus")
    return stops * MINUTES + (stops + buses) * MINUTES + buses * TICKS + visits


def timestream_items(plan: Planned, network: Network, prices: Prices) -> Iterator[CostItem]:
    """Amazon Timestream, if its tables are planned: 24 h in memory, 30 days in the magnetic store."""
    if not resources_of_type(plan, "aws_timestreamwrite_table"):
        return
    size = records_per_day(network, prices) * prices.assumption("record_bytes")
    tcu_hours = HOURS * prices.assumption("timestream_tcus") * prices.assumption("timestream_busy")
    amounts = {
        "writes": (size / KIB / MILLION, "million KiB", "timestream_write_million"),
        "memory store": (HOURS * size / GB, "GB-hours", "timestream_memory_gb_hour"),
        "magnetic store": (30 * size / GB / MONTH, "GB-months", "timestream_magnetic_gb_month"),
        "queries": (tcu_hours, "TCU-hours", "timestream_tcu_hour"),
    }
    for what, (amount, unit, name) in amounts.items():
        yield priced_item("Timestream", what, amount, unit, prices.of(name))


def monitoring_items(plan: Planned, _: Network, prices: Prices) -> Iterator[CostItem]:
    """Alarms, the dashboard, metrics and the feeders' logs."""
    counts = {
        "alarms": (len(resources_of_type(plan, "aws_cloudwatch_metric_alarm")), "alarm_month"),
        "dashboards": (len(resources_of_type(plan, "aws_cloudwatch_dashboard")), "dashboard_month"),
        "metrics from logs": (
            len(resources_of_type(plan, "aws_cloudwatch_log_metric_filter")),
            "metric_month",
        ),
    }
    for what, (count, name) in counts.items():
        yield priced_item("CloudWatch", what, count, "", prices.of(name) / MONTH)
    metrics = len(resources_of_type(plan, "aws_ecs_service")) * prices.assumption("insights_metrics")
    yield priced_item(
        "CloudWatch", "Container Insights", metrics, "metrics", prices.of("insights_metric_month") / MONTH
    )
    logged = (2 * MINUTES + TICKS) * prices.assumption("log_bytes_a_tick") / GB
    yield priced_item("CloudWatch", "feeders' logs", logged, "GB", prices.of("log_gb"))


def eventbridge_items(plan: Planned, network: Network, prices: Prices) -> Iterator[CostItem]:
    """The position feeder's events (positions per line and tick, arrivals), and the function they call.

    Where servers answer, feeders publish none.
    """
    if not resources_of_type(plan, "aws_lambda_function"):
        return
    lines, buses = len(network.lines), sum(len(line.buses) for line in network.lines)
    positions = lines * TICKS
    published = (positions + buses * prices.assumption("visits_a_bus")) / MILLION
    yield priced_item("Events", "EventBridge", published, "million events", prices.of("event_million"))
    reads = positions / MILLION
    yield priced_item(
        "Events", "subscription look-ups", reads, "million reads", prices.of("dynamodb_read_million")
    )
    yield from function_items("Events", "broadcasts", positions, 50, 1769, prices)
    polls = prices.assumption("queue_polls_a_minute") * MINUTES / MILLION
    yield priced_item("Events", "polls of the queue", polls, "million requests", prices.of("sqs_million"))


def storage_items(plan: Planned, _: Network, prices: Prices) -> Iterator[CostItem]:
    """Secrets, images and the DNS zone, which cost while they exist."""
    secrets = len(resources_of_type(plan, "aws_secretsmanager_secret"))
    zones = len(resources_of_type(plan, "aws_service_discovery_private_dns_namespace"))
    yield priced_item("Storage", "secrets", secrets, "", prices.of("secret_month") / MONTH)
    yield priced_item("Storage", "private DNS zone", zones, "", prices.of("dns_zone_month") / MONTH)
    if any("bus-simulator-latest" in str(each.get("bucket")) for each in resources_of_type(plan, BUCKET)):
        written = (2 * MINUTES + TICKS) / 1000
        price = prices.of("s3_put_thousand")
        yield priced_item("Storage", "newest records", written, "thousand writes", price)
    images = prices.assumption("image_gb")
    yield priced_item("Storage", "images", images, "GB", prices.of("image_gb_month") / MONTH)


def event_day_items(prices: Prices) -> list[CostItem]:
    """What a day of the event adds: requests, positions by WebSocket, their logs and traffic."""
    event = prices.event
    requests = event["teams"] * event["requests_a_team"]
    connections = event["teams"] * event["connections_a_team"]
    minutes = connections * event["connected_hours"] * 60
    messages = minutes * 2 * event["buses_followed"]
    traffic = (requests * event["request_bytes"] + messages * event["message_bytes"]) / GB
    logs = requests * event["log_bytes_a_request"] / GB
    reads = event["connected_hours"] * 3600 * prices.assumption("busy_containers") / 1000
    counts = 2 * requests / CREDIT / MILLION  # one that finds the item changed, and one that changes it
    price = prices.of
    return [
        priced_item("REST", "HTTP API", requests / MILLION, "million requests", price("http_api_million")),
        *function_items("REST", "functions", requests, event["request_ms"], 512, prices),
        priced_item("REST", "newest records", reads, "thousand reads", price("s3_get_thousand")),
        priced_item("REST", "counts of requests", counts, "million writes", price("dynamodb_write_million")),
        priced_item(
            "WebSocket", "messages", messages / MILLION, "million", price("websocket_message_million")
        ),
        priced_item(
            "WebSocket", "connections", minutes / MILLION, "million min", price("websocket_minute_million")
        ),
        priced_item("CloudWatch", "logs of requests", logs, "GB", price("log_gb")),
        priced_item("Network", "traffic out", traffic, "GB", price("traffic_gb")),
    ]


def event_day_timestream_items(plan: Planned, prices: Prices) -> list[CostItem]:
    """What a day of the event adds in Timestream queries, if its tables are planned; queries never pause."""
    if not resources_of_type(plan, "aws_timestreamwrite_table"):
        return []
    return [event_day_queries(prices, asking=1.0)]


def event_day_queries(prices: Prices, *, asking: float) -> CostItem:
    """The Timestream queries that a day of the event adds if a share `asking` of its requests needs one.

    Requests come at random (a Poisson process of `rate_s` a second), and a query is charged for `query_s`
    seconds at least: so none is charged for the share exp(-rate_s * query_s) of the time.
    """
    event = prices.event
    connected_s = event["connected_hours"] * 3600
    rate_s = asking * event["teams"] * event["requests_a_team"] / connected_s
    charged = 1 - exp(-rate_s * prices.assumption("query_s"))
    busy = event["connected_hours"] * charged * (1 - prices.assumption("timestream_busy"))
    tcu_hours = busy * prices.assumption("timestream_tcus")
    return priced_item("Timestream", "queries", tcu_hours, "TCU-hours", prices.of("timestream_tcu_hour"))


def function_items(
    part: str, what: str, calls: float, ms: float, memory: int, prices: Prices
) -> Iterator[CostItem]:
    """The costs of function calls of a duration and a memory size in MiB."""
    gb_seconds = calls * ms / 1000 * memory / MIB
    yield priced_item(part, f"{what}, calls", calls / MILLION, "million", prices.of("lambda_request_million"))
    yield priced_item(part, f"{what}, time", gb_seconds, "GB-seconds", prices.of("lambda_gb_second"))


def priced_item(part: str, what: str, amount: float, unit: str, usd: float) -> CostItem:
    """The costs of an amount at a price per unit."""
    return CostItem(part, what, amount, unit, amount * usd)


def total_usd(items: Iterable[CostItem]) -> float:
    """The sum of the costs in US dollars."""
    return sum(item.usd for item in items)
