"""The cost model of docs/costs.md: planned resources times listed prices, each price with its source."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import Any

import pytest

from scripts.cost_model import (
    Prices,
    event_day_queries,
    event_day_timestream_items,
    fargate_items,
    idle_items,
    network_items,
    read_prices,
    timestream_items,
    total_usd,
)
from scripts.front_costs import added_items, day_items, event_usd
from scripts.planned import KINDS, extract, planned_resources
from services.inputs.load import load_network
from tests.networks import line, network, street

PRICES = read_prices()


def service(name: str, *, cpu: int, memory: int, tasks: int = 1) -> dict[str, dict[str, Any]]:
    """A service and its task, as they are planned."""
    task = {"type": "aws_ecs_task_definition", "family": name, "cpu": str(cpu), "memory": str(memory)}
    made = {"type": "aws_ecs_service", "name": name, "desired_count": tasks}
    return {f"task.{name}": task, f"service.{name}": {**made, "network_configuration": [{}]}}


def test_fargate_is_charged_by_configured_size() -> None:
    plan = {**service("a", cpu=512, memory=1024), **service("b", cpu=256, memory=2048, tasks=2)}
    cpus, memory = fargate_items(plan, network(), PRICES)
    assert (cpus.amount, memory.amount) == (24 * 1.0, 24 * 5.0)
    assert cpus.usd == pytest.approx(24 * 0.03238 * 1.15)
    assert memory.usd == pytest.approx(120 * 0.00356 * 1.15)


def test_an_interface_endpoint_is_charged_in_its_one_zone() -> None:
    subnets = {name: {"type": "aws_subnet"} for name in "ab"}
    endpoint = {"type": "aws_vpc_endpoint", "vpc_endpoint_type": "Interface"}
    gateway = {"type": "aws_vpc_endpoint", "vpc_endpoint_type": "Gateway"}
    addresses, inside = network_items({**subnets, "ssm": endpoint, "s3": gateway}, network(), PRICES)
    assert (addresses.amount, inside.amount) == (0, 24)
    assert inside.usd == pytest.approx(24 * 0.01 * 1.15)
    found = network_items({"s3": gateway}, network(), PRICES)
    assert [item.what for item in found] == ["public IPv4 addresses"]


def test_timestream_costs_where_its_tables_are_planned() -> None:
    city = network(line("L1", street(10), buses=2))
    tables = {"t": {"type": "aws_timestreamwrite_table"}}
    items = {item.what: item for item in timestream_items(tables, city, PRICES)}
    records = 10 * 1440 + 12 * 1440 + 2 * 2880 + 2 * 375
    assert items["writes"].amount == pytest.approx(records * 220 / 1024 / 1e6)
    assert items["memory store"].amount == pytest.approx(24 * records * 220 / 1e9)
    assert items["queries"].usd == pytest.approx(24 * 4 * 0.05 * 0.518 * 1.15)
    assert list(timestream_items({}, city, PRICES)) == []
    (asked_for,) = event_day_timestream_items(tables, PRICES)
    assert asked_for.amount == pytest.approx(10 * 4 * 0.95)
    assert event_day_timestream_items({}, PRICES) == []
    few, none = (event_day_queries(PRICES, asking=share).amount for share in (0.001, 0.0))
    rate_s = 50 * 10_000 / 36_000 / 1000
    assert few == pytest.approx(10 * 4 * 0.95 * (1 - exp(-30 * rate_s)))
    assert none == 0


def test_every_price_is_used_and_has_its_source() -> None:
    used: set[str] = set()

    class Noted(Prices):
        def of(self, name: str) -> float:
            used.add(name)
            return super().of(name)

    noted = Noted(PRICES.collected, PRICES.region, PRICES.factor, PRICES.listed, PRICES.assumed, PRICES.event)
    for kind in KINDS:
        day_items(planned_resources(kind), load_network(None), noted)
        added_items(planned_resources(kind), noted)
    assert used == set(PRICES.listed)
    for price in PRICES.listed.values():
        assert price["source"].startswith("https://")
        assert price["per"]
        assert isinstance(price["seen"], bool)


def test_a_day_is_the_sum_of_its_items_and_follows_the_plan() -> None:
    plan, city = planned_resources("aws"), load_network(None)
    items = idle_items(plan, city, PRICES)
    assert total_usd(items) == pytest.approx(sum(item.amount and item.usd for item in items))
    doubled = {
        address: {**each, "desired_count": 2} if each["type"] == "aws_ecs_service" else each
        for address, each in plan.items()
    }
    before, after = ({i.what: i.usd for i in idle_items(p, city, PRICES)} for p in (plan, doubled))
    assert after["vCPUs"] == pytest.approx(2 * before["vCPUs"])
    assert after["queries"] == before["queries"]
    dearer = replace(PRICES, factor=2 * PRICES.factor)
    assert total_usd(idle_items(plan, city, dearer)) == pytest.approx(2 * total_usd(items))


def test_servers_and_aurora_cost_by_their_load() -> None:
    aurora, city = planned_resources("aurora"), load_network(None)
    items = {item.what: item for item in day_items(aurora, city, PRICES)}
    assert items["load balancer"].usd == pytest.approx(24 * 0.0225 * 1.15)
    assert items["capacity"].amount == 24 * 0.5
    assert {"writes", "broadcasts, calls"} & items.keys() == set()
    added = {item.what: item for item in added_items(aurora, PRICES)}
    assert added["more servers"].amount == 0
    assert added["more capacity"].amount == pytest.approx(10 * 50 * 10_000 / 36_000 / 50)
    few, many = (event_usd(aurora, city, PRICES, teams=teams) for teams in (10, 300))
    assert few < many < 30 * few
    crowd = replace(PRICES, event={**PRICES.event, "teams": 3000})
    assert {item.what: item for item in added_items(aurora, crowd)}["more servers"].amount > 0


def test_an_extract_keeps_managed_resources_and_known_values() -> None:
    plan = {
        "planned_values": {"outputs": {"b": {}, "a": {}}},
        "resource_changes": [
            {"mode": "data", "address": "data.x", "type": "x", "change": {"after": {"name": "n"}}},
            {
                "mode": "managed",
                "address": "y.z",
                "type": "y",
                "change": {"after": {"name": "n", "cpu": None, "tags": {"a": "b"}, "memory": "512"}},
            },
        ],
    }
    assert extract(plan) == {
        "outputs": ["a", "b"],
        "resources": {"y.z": {"type": "y", "name": "n", "memory": "512"}},
    }
