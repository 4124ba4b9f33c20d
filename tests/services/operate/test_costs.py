"""This month's costs, the forecast and the budget, or the reason for missing ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from botocore.stub import Stubber

from services.operate.aws_problems import AwsProblem
from services.operate.costs import (
    SWITCH_ON,
    UNTAGGED,
    Amount,
    BudgetState,
    MonthCosts,
    month_costs,
    report_lines,
)
from storage.aws_clients import client
from tests.timestream_endpoint import KEYS, REGION

pytestmark = pytest.mark.integration

TODAY = date(2026, 11, 25)
TAG = {"Tags": {"Key": "Project", "Values": ["Madrid-Bus-Simulator"]}}
USAGE = {
    "TimePeriod": {"Start": "2026-11-01", "End": "2026-11-26"},
    "Granularity": "MONTHLY",
    "Metrics": ["UnblendedCost"],
    "Filter": TAG,
    "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
}
FORECAST = {
    "TimePeriod": {"Start": "2026-11-25", "End": "2026-12-01"},
    "Metric": "UNBLENDED_COST",
    "Granularity": "MONTHLY",
    "Filter": TAG,
}
BUDGET = {"AccountId": "123456789012", "BudgetName": "bus-simulator-monthly-budget"}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


class Billing:
    """Stubs of Cost Explorer and Budgets with expected requests and answers."""

    def __init__(self) -> None:
        self.explorer, self.budgets = client("ce", region=REGION), client("budgets", region=REGION)
        self.ce, self.bg = Stubber(self.explorer), Stubber(self.budgets)

    @contextmanager
    def asked(self) -> Iterator[None]:
        with self.ce, self.bg:
            yield
            self.ce.assert_no_pending_responses()
            self.bg.assert_no_pending_responses()

    def costs(self) -> MonthCosts:
        return month_costs(self.explorer, self.budgets, account_id="123456789012", today=TODAY)

    def used(self, *groups: tuple[str, str], token: str | None = None, given: str | None = None) -> None:
        found = [{"Keys": [name], "Metrics": {"UnblendedCost": usd(cost)}} for name, cost in groups]
        answer: dict[str, Any] = {
            "ResultsByTime": [{"TimePeriod": USAGE["TimePeriod"], "Groups": found, "Estimated": True}]
        }
        if token:
            answer["NextPageToken"] = token
        expected = {**USAGE, **({"NextPageToken": given} if given else {})}
        self.ce.add_response("get_cost_and_usage", answer, expected)

    def forecast(self, cost: str) -> None:
        self.ce.add_response("get_cost_forecast", {"Total": usd(cost)}, FORECAST)

    def budget(self, limit: str, spent: str, expected: str | None = None) -> None:
        found = {"BudgetName": BUDGET["BudgetName"], "TimeUnit": "MONTHLY", "BudgetType": "COST"}
        calculated = {"ActualSpend": usd(spent), **({"ForecastedSpend": usd(expected)} if expected else {})}
        answer = {"Budget": {**found, "BudgetLimit": usd(limit), "CalculatedSpend": calculated}}
        self.bg.add_response("describe_budget", answer, BUDGET)


def usd(cost: str) -> dict[str, str]:
    return {"Amount": cost, "Unit": "USD"}


def dollars(cost: str) -> Amount:
    return Amount(Decimal(cost), "USD")


def test_the_costs_are_summed_by_service_over_all_pages() -> None:
    billing = Billing()
    billing.used(("AWS Lambda", "0.5"), ("Amazon Timestream", "12.25"), token="more")
    billing.used(("Amazon ECS", "20"), ("AWS Lambda", "0.25"), given="more")
    billing.forecast("7.125")
    billing.budget("200", "33", "41.5")
    with billing.asked():
        found = billing.costs()
    assert list(found.by_service.items()) == [
        ("Amazon ECS", dollars("20")),
        ("Amazon Timestream", dollars("12.25")),
        ("AWS Lambda", dollars("0.75")),
    ]
    assert list(report_lines(found)) == [
        "2026-11-01 to 2026-11-25, Project=Madrid-Bus-Simulator",
        "  Amazon ECS                20.00 USD",
        "  Amazon Timestream         12.25 USD",
        "  AWS Lambda                 0.75 USD",
        "  total                     33.00 USD",
        "Forecast for the rest of the month: 7.12 USD",
        "Budget bus-simulator-monthly-budget: 33.00 USD of 200.00 USD spent (16 %), "
        "41.50 USD expected by its end",
    ]


def test_a_missing_figure_is_replaced_by_the_reason() -> None:
    billing = Billing()
    billing.used()
    billing.ce.add_client_error("get_cost_forecast", "DataUnavailableException", "Insufficient data", 400)
    billing.bg.add_client_error("describe_budget", "NotFoundException", "Unable to get budget", 400)
    with billing.asked():
        told = list(report_lines(billing.costs()))
    assert told[1:] == [
        UNTAGGED,
        "No forecast: Cost Explorer: DataUnavailableException: Insufficient data",
        "No budget: budget bus-simulator-monthly-budget: NotFoundException: Unable to get budget",
    ]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("User not enabled for cost explorer access", SWITCH_ON),
        ("User: arn:… is not authorized to perform: ce:GetCostAndUsage",
         "Cost Explorer: these credentials lack the permission (AccessDeniedException: User: arn:… is not "
         "authorized to perform: ce:GetCostAndUsage)"),
    ],
)  # fmt: skip
def test_a_refused_call_is_explained(said: str, meant: str) -> None:
    billing = Billing()
    billing.ce.add_client_error("get_cost_and_usage", "AccessDeniedException", said, 400)
    with billing.asked(), pytest.raises(AwsProblem) as refused:
        billing.costs()
    assert str(refused.value) == meant


def test_a_budget_is_exceeded_when_more_than_its_limit_is_spent() -> None:
    assert BudgetState(dollars("10"), dollars("10.01"), None).exceeded
    assert not BudgetState(dollars("10"), dollars("10"), None).exceeded
