"""`docs/costs.md`: the costs of a deployment per day and per event, from the plan and the price list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.cost_model import (
    MONTH,
    CostItem,
    Prices,
    event_day_queries,
    read_prices,
    total_usd,
)
from scripts.front_costs import added_items, day_items, event_usd
from scripts.planned import planned_resources
from simulator.load_network import load_network

NETWORK = Path(__file__).parent.parent / "data" / "lines.yaml"
TITLES = {
    "aws": "With Amazon Timestream",
    "hosted": "With a hosted endpoint",
    "fargate": "With Amazon Timestream and servers behind a load balancer",
    "aurora": "With Aurora and servers behind a load balancer",
}
TEAMS = (10, 50, 300)

ASKING = (1.0, 0.01, 0.001, 0.0001, 0.0)
"""Shares of requests that need a query, in the table of what is saved."""

PREFACE = """\
# Costs

Written by `make docs` from Terraform's plans, the shipped network, and
[aws-prices.yaml](aws-prices.yaml). `make check-costs` shows the real costs of a deployment,
`make infracost-check` a second estimate.
"""
NOTES = """
## What dominates
- **Timestream queries**, once users send requests all day. Each query is charged for at least 30 seconds and
  4 compute units ([AWS](https://docs.aws.amazon.com/timestream/latest/developerguide/tcu.html)). So feeders
  query the coverage only every half hour, functions answer `mode=latest` from S3, and the MCP server's health
  check doesn't query the store. Accounts
  from before 29 April 2024 may still be charged by bytes read, about a hundredth of that. A hosted endpoint
  and Aurora have no such costs. Servers behind a load balancer (`front = "fargate"`) query the store for
  `mode=latest`, too, and while WebSocket clients follow a line: with Timestream they cost most of all.
- **Fargate**, which is charged by the configured size, not by use.
- **Requests and messages** of an event cost little in comparison.

## To pay less
Run `make destroy` between events: history is simulated and can be made again. For other ways see
[operations.md](operations.md#cost-management).

## What isn't included
Tax, support, free tiers, discounts; the module `compliance` (CloudTrail, Config, GuardDuty, flow logs);
alarm mails; Timestream's minimum charge for magnetic storage in an account.
"""


def page() -> str:
    """The page's text."""
    prices = read_prices()
    tables = [*summary(prices), *crowds(prices), *days(prices), *event(prices), *saved(prices)]
    return "\n".join([PREFACE, *tables, NOTES, *listed(prices)]) + "\n"


def idle(kind: str, prices: Prices) -> list[CostItem]:
    """The costs of a day without requests, for one kind of deployment."""
    return day_items(planned_resources(kind), load_network(NETWORK), prices)


def summary(prices: Prices) -> Iterator[str]:
    """The table of totals."""
    yield f"US dollars, {prices.region}, prices of {prices.collected}.\n"
    days = f"{prices.event['days']:.0f} days with {prices.event['teams']:.0f} teams"
    yield f"| | a day without requests | a month without requests | an event: {days} |"
    yield "|---|--:|--:|--:|"
    for kind, title in TITLES.items():
        day = total_usd(idle(kind, prices))
        added = total_usd(added_items(planned_resources(kind), prices))
        whole = prices.event["days"] * (day + added)
        yield f"| {title} | {day:.2f} | {day * MONTH:.0f} | {whole:.0f} |"
    yield ""


def crowds(prices: Prices) -> Iterator[str]:
    """The table of whole events by their size."""
    network = load_network(NETWORK)
    yield "## An event by its size\n"
    yield f"All costs of {prices.event['days']:.0f} days, each as in the tables below.\n"
    yield "| | " + " | ".join(f"{teams} teams" for teams in TEAMS) + " |"
    yield "|---|" + "--:|" * len(TEAMS)
    for kind, title in TITLES.items():
        plan = planned_resources(kind)
        sums = [event_usd(plan, network, prices, teams=teams) for teams in TEAMS]
        yield f"| {title} | " + " | ".join(f"{usd:.0f}" for usd in sums) + " |"
    yield ""


def days(prices: Prices) -> Iterator[str]:
    """The tables of a day without requests, for each kind of deployment."""
    for kind, title in TITLES.items():
        yield f"## {title}: a day without requests\n"
        yield from table(idle(kind, prices))


def event(prices: Prices) -> Iterator[str]:
    """The tables of what a day of an event adds: with functions, and with servers and Aurora."""
    said = prices.event
    yield "## What a day of an event adds\n"
    yield (
        f"{said['teams']:.0f} teams, each with {said['requests_a_team']:,.0f} requests a day and "
        f"{said['connections_a_team']:.0f} WebSocket connections for {said['connected_hours']:.0f} hours, "
        f"which follow {said['buses_followed']:.0f} buses each. Queries are those of Amazon "
        "Timestream; a hosted endpoint has no such costs. First with functions:\n"
    )
    yield from table(added_items(planned_resources("aws"), prices))
    yield "With servers behind a load balancer and Aurora:\n"
    yield from table(added_items(planned_resources("aurora"), prices))


def saved(prices: Prices) -> Iterator[str]:
    """The table of what the objects with the newest records save in queries."""
    yield "## What the newest records in S3 save\n"
    yield (
        "Functions answer `mode=latest` from [objects in S3](aws.md#the-newest-records), which cost the rows "
        "`newest records` above. Only other requests (ranges, past moments, visits, arrivals) query "
        "Timestream. The table above counts as if all did; a query is charged for half a minute, so few are "
        "enough to be charged all day.\n"
    )
    yield "| share of an event's requests that query Timestream | TCU-hours a day | USD |"
    yield "|--:|--:|--:|"
    for asking in ASKING:
        item = event_day_queries(prices, asking=asking)
        yield f"| {asking:.2%} | {item.amount:.1f} | {item.usd:.2f} |"
    yield ""


def table(items: Sequence[CostItem]) -> Iterator[str]:
    """Items with their sum."""
    yield "| part | what | a day | USD |"
    yield "|---|---|--:|--:|"
    for item in items:
        amount = f"{item.amount:,.3g} {item.unit}".strip()
        yield f"| {item.part} | {item.what} | {amount} | {item.usd:.3f} |"
    yield f"| | **all** | | **{total_usd(items):.2f}** |\n"


def listed(prices: Prices) -> Iterator[str]:
    """The tables of prices with their sources, and of assumptions."""
    yield "## Prices\n"
    yield (
        f"As published for US East (N. Virginia), collected on {prices.collected}, times {prices.factor} for "
        f"{prices.region}. Some were not checked on their page that day; none comes from AWS's price API.\n"
    )
    yield "| USD | per | source | checked |\n|--:|---|---|---|"
    for price in prices.listed.values():
        amount = f"{price['usd']:.10f}".rstrip("0").rstrip(".")
        seen = "yes" if price["seen"] else "no"
        yield f"| {amount} | {price['per']} | {price['source']} | {seen} |"
    yield "\n## Assumptions\n"
    yield "| value | meaning |\n|--:|---|"
    for each in prices.assumed.values():
        yield f"| {each['value']} | {each['means']} |"
