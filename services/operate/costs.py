"""A deployment's costs this month, their forecast and its budget, from Cost Explorer and Budgets.

Cost Explorer charges 0.01 USD per request and is about a day behind. It finds the project's costs by its tag
once that is activated as a cost allocation tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.resource_names import BUDGET, PROJECT, PROJECT_TAG

if TYPE_CHECKING:
    from types_boto3_budgets.client import BudgetsClient
    from types_boto3_budgets.type_defs import SpendTypeDef
    from types_boto3_ce.client import CostExplorerClient
    from types_boto3_ce.type_defs import (
        DateIntervalTypeDef,
        ExpressionTypeDef,
        GetCostAndUsageRequestTypeDef,
        GroupTypeDef,
        MetricValueTypeDef,
    )

T = TypeVar("T")

FILTER: ExpressionTypeDef = {"Tags": {"Key": PROJECT_TAG, "Values": [PROJECT]}}
OFF = "not enabled for cost explorer"
SWITCH_ON = (
    "Cost Explorer is off in this account: switch it on in the Billing console (Cost Explorer, Launch); "
    "it has data a day later"
)
UNTAGGED = (
    f"Nothing is booked under the tag {PROJECT_TAG}={PROJECT} this month. If something runs, activate the "
    f"tag {PROJECT_TAG} in the Billing console (Cost allocation tags); it counts from the next day on."
)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount and its currency."""

    value: Decimal
    unit: str

    def __str__(self) -> str:
        return f"{self.value:,.2f} {self.unit}"


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget: its limit, the amount spent, and the amount expected by its end if AWS has one."""

    limit: Amount
    spent: Amount
    expected: Amount | None

    @property
    def exceeded(self) -> bool:
        """Whether more than the limit is spent."""
        return self.spent.value > self.limit.value


@dataclass(frozen=True, slots=True)
class MonthCosts:
    """The costs of a month up to `until`. A missing forecast or budget is replaced by the reason."""

    since: date
    until: date
    by_service: Mapping[str, Amount]
    forecast: Amount | str
    budget: BudgetState | str


def month_costs(
    explorer: CostExplorerClient, budgets: BudgetsClient, *, account_id: str, today: date
) -> MonthCosts:
    """The costs of this month. Raises `AwsProblem` if Cost Explorer refuses."""
    since = today.replace(day=1)
    return MonthCosts(
        since=since,
        until=today,
        by_service=spent_by_service(explorer, since, today),
        forecast=value_or_reason(partial(forecast_rest_of_month, explorer, today)),
        budget=value_or_reason(partial(budget_state, budgets, account_id)),
    )


def spent_by_service(explorer: CostExplorerClient, since: date, today: date) -> Mapping[str, Amount]:
    """The costs of each service in [since, today], the most expensive first."""
    period: DateIntervalTypeDef = {"Start": since.isoformat(), "End": (today + timedelta(days=1)).isoformat()}
    found: dict[str, Amount] = {}
    for group in cost_groups(explorer, period):
        cost = group["Metrics"]["UnblendedCost"]
        before = found.get(group["Keys"][0], Amount(Decimal(0), cost["Unit"]))
        found[group["Keys"][0]] = Amount(before.value + Decimal(cost["Amount"]), cost["Unit"])
    return dict(sorted(found.items(), key=lambda item: -item[1].value))


def cost_groups(explorer: CostExplorerClient, period: DateIntervalTypeDef) -> Iterator[GroupTypeDef]:
    """The cost groups of a period, page after page."""
    request: GetCostAndUsageRequestTypeDef = {
        "TimePeriod": period,
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "Filter": FILTER,
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
    }
    while True:
        answer = call_cost_explorer(partial(explorer.get_cost_and_usage, **request))
        for month in answer["ResultsByTime"]:
            yield from month["Groups"]
        if not answer.get("NextPageToken"):
            return
        request["NextPageToken"] = answer["NextPageToken"]


def forecast_rest_of_month(explorer: CostExplorerClient, today: date) -> Amount:
    """The expected costs from today to the end of the month."""
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    answer = call_cost_explorer(
        partial(
            explorer.get_cost_forecast,
            TimePeriod={"Start": today.isoformat(), "End": following.isoformat()},
            Metric="UNBLENDED_COST",
            Granularity="MONTHLY",
            Filter=FILTER,
        )
    )
    return amount_from(answer["Total"])


def budget_state(budgets: BudgetsClient, account_id: str) -> BudgetState:
    """The state of the project's budget. Raises `AwsProblem`."""
    describe = partial(budgets.describe_budget, AccountId=account_id, BudgetName=BUDGET)
    found = call_aws(describe, f"budget {BUDGET}")["Budget"]
    calculated = found["CalculatedSpend"]
    expected = calculated.get("ForecastedSpend")
    limit, actual = amount_from(found["BudgetLimit"]), amount_from(calculated["ActualSpend"])
    return BudgetState(limit, actual, amount_from(expected) if expected else None)


def amount_from(found: MetricValueTypeDef | SpendTypeDef) -> Amount:
    """An amount in AWS's form."""
    return Amount(Decimal(found["Amount"]), found["Unit"])


def call_cost_explorer(call: Callable[[], T]) -> T:
    """Call Cost Explorer. Raises `AwsProblem`, which says how to switch it on if it is off."""
    try:
        return call_aws(call, "Cost Explorer")
    except AwsProblem as problem:
        if OFF in str(problem).lower():
            raise AwsProblem(SWITCH_ON, problem.code) from problem
        raise


def value_or_reason(call: Callable[[], T]) -> T | str:
    """Return what `call` returns, or the message if it raises `AwsProblem`."""
    try:
        return call()
    except AwsProblem as problem:
        return str(problem)


def report_lines(found: MonthCosts) -> Iterator[str]:
    """The costs as lines of text."""
    yield f"{found.since} to {found.until}, {PROJECT_TAG}={PROJECT}"
    yield from service_lines(list(found.by_service.items())) if found.by_service else [UNTAGGED]
    if isinstance(found.forecast, str):
        yield f"No forecast: {found.forecast}"
    else:
        yield f"Forecast for the rest of the month: {found.forecast}"
    yield budget_line(found.budget)


def service_lines(costs: Sequence[tuple[str, Amount]]) -> Iterator[str]:
    """A line per service, and their sum."""
    total = Amount(sum((each.value for _, each in costs), Decimal(0)), costs[0][1].unit)
    shown = [*costs, ("total", total)]
    width = max(len(name) for name, _ in shown)
    for name, each in shown:
        yield f"  {name:<{width}}  {each!s:>16}"


def budget_line(budget: BudgetState | str) -> str:
    """The budget as a line of text."""
    if isinstance(budget, str):
        return f"No budget: {budget}"
    share = f" ({100 * budget.spent.value / budget.limit.value:.0f} %)" if budget.limit.value else ""
    end = "" if budget.expected is None else f", {budget.expected} expected by its end"
    return f"Budget {BUDGET}: {budget.spent} of {budget.limit} spent{share}{end}"
