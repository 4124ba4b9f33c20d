"""`scripts/check_account.py --region R`: can this account have what `terraform/` is set to? Before a plan.

What is set is asked of Terraform itself, which has to be initialised.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import click

from services.aws.admission import admits
from services.aws.calls import AwsProblem, asked
from services.aws.operator_command import OperatorCommand, region_option
from storage.aws_clients import client

TERRAFORM = Path(__file__).parent.parent / "terraform"
POSSIBLE = {
    True: "Timestream takes it: timestream can be aws or hosted",
    False: "Timestream doesn't take it (closed to new customers): timestream can be hosted",
}


@click.command(cls=OperatorCommand)
@region_option
@click.option("--terraform", "folder", type=click.Path(path_type=Path), default=TERRAFORM, hidden=True)
def main(*, region: str, folder: Path) -> None:
    """Say which Timestream this account can have, and whether terraform.tfvars asks for one that it can't."""
    chosen, chosen_region = setting(folder, "timestream"), setting(folder, "region")
    if chosen_region != region:
        raise AwsProblem(
            f"terraform.tfvars is for {chosen_region}, this command for {region}: "
            f'write region = "{region}" there, or say AWS_REGION={chosen_region}'
        )
    account = asked(client("sts", region=region).get_caller_identity, "the account")["Account"]
    admitted = admits(client("timestream-write", region=region))
    click.echo(f"Account {account}, {region}. {POSSIBLE[admitted]}; it is {chosen}.")
    if chosen == "aws" and not admitted:
        raise AwsProblem('write timestream = "hosted" into terraform/terraform.tfvars')


def setting(folder: Path, name: str) -> str:
    """A variable's value, as Terraform has it. Raises `AwsProblem`."""
    program = shutil.which("terraform")
    if program is None:
        raise AwsProblem("terraform is not installed (or not on PATH): 1.11 or later is needed")
    done = subprocess.run(  # noqa: S603 - terraform, with a name from here
        [program, f"-chdir={folder}", "console"],
        input=f"var.{name}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AwsProblem(f"terraform doesn't know {name}: {done.stderr.strip() or 'run make init'}")
    return done.stdout.strip().strip('"')


if __name__ == "__main__":
    main()
