"""`python -m scripts.check_account --region R`: check the account for Timestream.

Fails if the account can't use the Timestream that terraform.tfvars selects. The settings are read with
`terraform console`, so `terraform/` has to be initialised.
"""

from __future__ import annotations

from pathlib import Path

import click

from scripts.terraform_settings import TERRAFORM, terraform_variables
from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.operator_command import OperatorCommand, region_option
from services.operate.timestream_availability import timestream_available
from storage.aws_clients import client

POSSIBLE = {
    True: "Timestream accepts it: timestream can be aws or hosted",
    False: "Timestream doesn't accept it (closed to new customers): timestream can be hosted",
}


@click.command(cls=OperatorCommand)
@region_option
@click.option("--terraform", "folder", type=click.Path(path_type=Path), default=TERRAFORM, hidden=True)
def main(*, region: str, folder: Path) -> None:
    """Say which Timestream this account can use. Fails if terraform.tfvars sets one that it can't."""
    chosen, chosen_region = terraform_variables(folder, "timestream", "region")
    if chosen_region != region:
        raise AwsProblem(
            f"terraform.tfvars is for {chosen_region}, this command for {region}: "
            f'write region = "{region}" there, or set AWS_REGION={chosen_region}'
        )
    account = call_aws(client("sts", region=region).get_caller_identity, "the account")["Account"]
    admitted = timestream_available(client("timestream-write", region=region))
    click.echo(f"Account {account}, {region}. {POSSIBLE[admitted]}; it is {chosen}.")
    if chosen == "aws" and not admitted:
        raise AwsProblem('write timestream = "hosted" into terraform/terraform.tfvars')


if __name__ == "__main__":
    main()
