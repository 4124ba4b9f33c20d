"""`scripts/check_costs.py --region R`: the costs of a deployment. See `services.operate.costs`.

Exit codes: 0 within the budget, 1 over it or on an error.
"""

from __future__ import annotations

import sys

import click

from services.operate.aws_problems import call_aws
from services.operate.costs import BudgetState, month_costs, report_lines
from services.operate.operator_command import OperatorCommand, region_option
from simulator.clock import Clock
from storage.aws_clients import client


@click.command(cls=OperatorCommand)
@region_option
def main(*, region: str) -> None:
    """Show this month's costs by service, the forecast, and the budget (two requests of 0.01 USD)."""
    account_id = call_aws(client("sts", region=region).get_caller_identity, "the account")["Account"]
    explorer, budgets = client("ce", region=region), client("budgets", region=region)
    found = month_costs(explorer, budgets, account_id=account_id, today=Clock().now().date())
    for line in report_lines(found):
        click.echo(line)
    if isinstance(found.budget, BudgetState) and found.budget.exceeded:
        click.echo("The budget is exceeded.", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
