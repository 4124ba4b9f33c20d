"""`python -m scripts.remove_leftovers --region R`: the end of make destroy.

Deletes the log groups that AWS has made for the deployment, and names what else has the project's tag.
"""

from __future__ import annotations

import click

from services.operate.account.leftovers import delete_log_groups, tagged_resources
from services.operate.operator_command import OperatorCommand, region_option
from storage.aws_clients import client

STILL_THERE = "These still have the project's tag. AWS forgets some after hours; remove others by hand:"


@click.command(cls=OperatorCommand)
@region_option
def main(*, region: str) -> None:
    """Delete log groups that a destroyed deployment has left, and name other remains."""
    for name in delete_log_groups(client("logs", region=region)):
        click.echo(f"deleted the log group {name}")
    remains = tagged_resources(client("resourcegroupstaggingapi", region=region))
    click.echo("\n".join([STILL_THERE, *remains]) if remains else "Nothing else has the project's tag.")


if __name__ == "__main__":
    main()
