"""The costs of servers behind a load balancer, and of Aurora: by the day, and by the day of an event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from scripts.cost_model import (
    GB,
    HOURS,
    MILLION,
    MINUTES,
    MONTH,
    TICKS,
    CostItem,
    Prices,
    event_day_items,
    event_day_timestream_items,
    idle_items,
    priced_item,
    resources_of_type,
    total_usd,
)
from scripts.planned import Planned
from simulator.network import Network

LOAD_BALANCER, DATABASE = "aws_lb", "aws_rds_cluster_instance"
CONNECTIONS_AN_LCU = 3000
ZONES = 2
"""In how many zones the load balancer has an address by default."""
KEPT_DAYS = 30
"""For how many days data are counted, as Timestream's tables keep them."""


def day_items(plan: Planned, network: Network, prices: Prices) -> list[CostItem]:
    """The costs of a day without requests, load balancer and database included."""
    items = idle_items(plan, network, prices)
    return [*items, *load_balancer_items(plan, prices), *aurora_items(plan, prices)]


def load_balancer_items(plan: Planned, prices: Prices) -> Iterator[CostItem]:
    """The load balancer's hours and its addresses, one a zone."""
    for _ in resources_of_type(plan, LOAD_BALANCER):
        yield priced_item("Network", "load balancer", HOURS, "hours", prices.of("alb_hour"))
        addresses = HOURS * ZONES
        yield priced_item("Network", "its IPv4 addresses", addresses, "hours", prices.of("public_ipv4_hour"))


def is_aurora(plan: Planned) -> bool:
    """Whether the store is an Aurora database."""
    return bool(resources_of_type(plan, DATABASE))


def aurora_items(plan: Planned, prices: Prices) -> Iterator[CostItem]:
    """Capacity without users, stored data, and what feeders read and write."""
    instances = len(resources_of_type(plan, DATABASE))
    if not instances:
        return
    capacity = HOURS * instances * prices.assumption("aurora_idle_acu")
    stored = KEPT_DAYS * prices.assumption("postgres_mb_a_day") / 1000
    writes = (2 * MINUTES + TICKS) * prices.assumption("aurora_ios_a_tick") / MILLION
    yield priced_item("Aurora", "capacity", capacity, "ACU-hours", prices.of("aurora_acu_hour"))
    price = prices.of("aurora_gb_month") / MONTH
    yield priced_item("Aurora", f"data of {KEPT_DAYS} days", stored, "GB", price)
    yield priced_item("Aurora", "reads and writes", writes, "million", prices.of("aurora_io_million"))


def added_items(plan: Planned, prices: Prices) -> list[CostItem]:
    """What a day of the event adds to a day without requests."""
    queries = event_day_timestream_items(plan, prices)
    if not resources_of_type(plan, LOAD_BALANCER):
        return [*event_day_items(prices), *queries]
    database = aurora_event_items(prices) if is_aurora(plan) else []
    return [*server_event_items(prices), *queries, *database]


def server_event_items(prices: Prices) -> list[CostItem]:
    """What a day of the event adds with servers: more of them, use of the load balancer, logs, traffic."""
    event = prices.event
    requests = event["teams"] * event["requests_a_team"]
    sockets = event["teams"] * event["connections_a_team"]
    seconds = event["connected_hours"] * 3600
    messages = sockets * event["connected_hours"] * 60 * 2 * event["buses_followed"]
    busy = (requests * prices.assumption("server_request_ms") / 1000) / seconds
    busy += messages * prices.assumption("server_message_ms") / 1000 / seconds
    more = max(0, ceil(busy / prices.assumption("server_target")) - prices.assumption("server_tasks"))
    traffic = (requests * event["request_bytes"] + messages * event["message_bytes"]) / GB
    lcus = max(traffic / event["connected_hours"], 2 * sockets / CONNECTIONS_AN_LCU)
    logs = requests * event["log_bytes_a_request"] / GB
    price, hours = prices.of, event["connected_hours"]
    server = price("fargate_vcpu_hour") + 2 * price("fargate_gb_hour") + price("public_ipv4_hour")
    return [
        priced_item("Fargate", "more servers", more * hours, "hours", server),
        priced_item("Network", "load balancer, use", lcus * hours, "LCU-hours", price("alb_lcu_hour")),
        priced_item("CloudWatch", "logs of requests", logs, "GB", price("log_gb")),
        priced_item("Network", "traffic out", traffic, "GB", price("traffic_gb")),
    ]


def aurora_event_items(prices: Prices) -> list[CostItem]:
    """The capacity that a day of the event adds."""
    event = prices.event
    rate_s = event["teams"] * event["requests_a_team"] / (event["connected_hours"] * 3600)
    more = max(0.0, rate_s / prices.assumption("aurora_requests_an_acu"))
    hours = more * event["connected_hours"]
    return [priced_item("Aurora", "more capacity", hours, "ACU-hours", prices.of("aurora_acu_hour"))]


def event_usd(plan: Planned, network: Network, prices: Prices, *, teams: float) -> float:
    """The costs of all days of an event with so many teams."""
    crowd = replace(prices, event={**prices.event, "teams": teams})
    day = total_usd(day_items(plan, network, crowd)) + total_usd(added_items(plan, crowd))
    return prices.event["days"] * day
