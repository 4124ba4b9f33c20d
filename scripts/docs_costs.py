"""`docs/costs.md`: what a deployment costs a day and an event, from the plan and the price list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.cost_model import (
    MONTH,
    CostItem,
    Prices,
    event_day_items,
    event_day_timestream_items,
    idle_items,
    read_prices,
    total_usd,
)
from scripts.planned import planned_resources
from simulator.load_network import load_network

NETWORK = Path(__file__).parent.parent / "data" / "lines.yaml"
TITLES = {"aws": "With Amazon Timestream", "hosted": "With a hosted endpoint"}

PREFACE = """\
# Costs

Written by `make docs` from what Terraform plans with its defaults, the network that ships, and
[aws-prices.yaml](aws-prices.yaml). What it really costs says `make check-costs`; a second opinion is
`make infracost-check`.
"""
NOTES = """
## What dominates
- **Queries to Timestream**, as soon as somebody asks all day. Each is paid for 30 seconds at least, with 4
  compute units at least ([AWS](https://docs.aws.amazon.com/timestream/latest/developerguide/tcu.html)). So
  feeders ask every half hour only what is covered, and the MCP server's health check doesn't ask the store.
  Accounts from before 29 April 2024 may still pay by what is read, some hundredth of it. The hosted endpoint
  has no such price: it is one more Fargate task.
- **Fargate**, which is paid for by what is set, not by what is used.
- **Requests and messages** of an event are cheap beside that.

## To pay less
`make destroy` between events: nothing is lost that can't be made again, since history is simulated. What else
there is: [operations.md](operations.md#cost-management).

## What isn't counted
Tax, support, free tiers, discounts; the module `compliance` (CloudTrail, Config, GuardDuty, flow logs);
mails of alarms; the least that Timestream asks for magnetic storage in an account.
"""


def page() -> str:
    """The whole page."""
    prices = read_prices()
    return (
        "\n".join([PREFACE, *summary(prices), *days(prices), *event(prices), NOTES, *listed(prices)]) + "\n"
    )


def idle(kind: str, prices: Prices) -> list[CostItem]:
    """What a deployment of a kind costs a day by itself."""
    return idle_items(planned_resources(kind), load_network(NETWORK), prices)


def summary(prices: Prices) -> Iterator[str]:
    """The sums."""
    yield f"US dollars, {prices.region}, prices of {prices.collected}.\n"
    days = f"{prices.event['days']:.0f} days with {prices.event['teams']:.0f} teams"
    yield f"| | a day by itself | a month by itself | an event: {days} |"
    yield "|---|--:|--:|--:|"
    for kind, title in TITLES.items():
        day = total_usd(idle(kind, prices))
        besides = total_usd(
            [*event_day_items(prices), *event_day_timestream_items(planned_resources(kind), prices)]
        )
        whole = prices.event["days"] * (day + besides)
        yield f"| {title} | {day:.2f} | {day * MONTH:.0f} | {whole:.0f} |"
    yield ""


def days(prices: Prices) -> Iterator[str]:
    """A day of each kind, item by item."""
    for kind, title in TITLES.items():
        yield f"## {title}: a day by itself\n"
        yield from table(idle(kind, prices))


def event(prices: Prices) -> Iterator[str]:
    """A day of an event, besides."""
    said = prices.event
    yield "## A day of an event, besides\n"
    yield (
        f"{said['teams']:.0f} teams, each with {said['requests_a_team']:,.0f} requests a day and "
        f"{said['connections_a_team']:.0f} WebSocket connections for {said['connected_hours']:.0f} hours, "
        f"which follow {said['buses_followed']:.0f} buses each. Queries are Amazon "
        "Timestream's; a hosted endpoint has no such price.\n"
    )
    yield from table(
        [*event_day_items(prices), *event_day_timestream_items(planned_resources("aws"), prices)]
    )


def table(items: Sequence[CostItem]) -> Iterator[str]:
    """Items with their sum."""
    yield "| part | what | a day | USD |"
    yield "|---|---|--:|--:|"
    for item in items:
        amount = f"{item.amount:,.3g} {item.unit}".strip()
        yield f"| {item.part} | {item.what} | {amount} | {item.usd:.3f} |"
    yield f"| | **all** | | **{total_usd(items):.2f}** |\n"


def listed(prices: Prices) -> Iterator[str]:
    """The prices with their sources, and what was assumed."""
    yield "## Prices\n"
    yield (
        f"As published for US East (N. Virginia), collected on {prices.collected}; times {prices.factor} for "
        f"{prices.region}. Not all were seen on their page that day; none was asked of AWS's price service.\n"
    )
    yield "| USD | for a | source | seen there |\n|--:|---|---|---|"
    for price in prices.listed.values():
        amount = f"{price['usd']:.10f}".rstrip("0").rstrip(".")
        seen = "yes" if price["seen"] else "no"
        yield f"| {amount} | {price['per']} | {price['source']} | {seen} |"
    yield "\n## Assumed\n"
    yield "| | |\n|--:|---|"
    for each in prices.assumed.values():
        yield f"| {each['value']} | {each['means']} |"
