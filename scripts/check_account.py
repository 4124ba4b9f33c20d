"""`python -m scripts.check_account --region R`: what the account can do, before a plan.

Fails if the account can't use the store that terraform.tfvars selects, or if the region lacks a service.
The settings are read with `terraform console`, so `terraform/` has to be initialised.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from scripts.terraform_settings import TERRAFORM, terraform_variables
from services.operate.account.preflight import Expected, preflight, region_has
from services.operate.account.timestream_availability import timestream_available
from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.operator_command import OperatorCommand, region_option
from storage.aws_clients import client

POSSIBLE = {
    True: "Timestream accepts it: store can be timestream, hosted or aurora",
    False: "Timestream doesn't accept it (closed to new customers): store can be aurora or hosted",
}
OTHERS = 'write store = "hosted", or store = "aurora" and front = "fargate", into terraform/terraform.tfvars'
SOCKETS_A_TEAM = 4
CPU_UNITS = {"people-count-feeder": 256, "sensors-feeder": 256, "bus-position-feeder": 512}
"""The feeders' CPU units, 1024 a virtual CPU, unless `feeder_sizes` has others."""
MCP_UNITS, HOSTED_UNITS = 2 * 512, 2048
"""Those of the MCP server, twice while it is replaced, and of a hosted endpoint."""


@click.command(cls=OperatorCommand)
@region_option
@click.option("--sockets", type=click.IntRange(0), envvar="SOCKETS", show_envvar=True,
              show_default=f"{SOCKETS_A_TEAM} for each of teams",
              help="How many WebSocket clients are expected at the same time.")  # fmt: skip
@click.option("--terraform", "folder", type=click.Path(path_type=Path), default=TERRAFORM, hidden=True)
def main(*, region: str, sockets: int | None, folder: Path) -> None:
    """Say what this account can do: stores, services, quotas, rights."""
    store, older, chosen_region, teams = terraform_variables(folder, "store", "timestream", "region", "teams")
    chosen = store or ("hosted" if older == "hosted" else "timestream")
    if chosen_region != region:
        raise AwsProblem(
            f"terraform.tfvars is for {chosen_region}, this command for {region}: "
            f'write region = "{region}" there, or set AWS_REGION={chosen_region}'
        )
    caller = call_aws(client("sts", region=region).get_caller_identity, "the account")
    # Asked only where there is an endpoint: elsewhere its host doesn't even exist.
    offered = region_has(region, "timestream-write")
    admitted = offered and timestream_available(client("timestream-write", region=region))
    click.echo(f"Account {caller['Account']}, {region}. {POSSIBLE[admitted]}; it is {chosen}.")
    expected = Expected(
        region,
        teams=teams,
        sockets=SOCKETS_A_TEAM * teams if sockets is None else sockets,
        vcpus=cpu_units(folder, chosen) / 1024,
        timestream=chosen == "timestream",
    )
    findings = list(preflight(lambda service: client(service, region=region), expected, caller["Arn"]))
    for finding in findings:
        click.echo(str(finding))
    if chosen == "timestream" and not admitted:
        raise AwsProblem(OTHERS)
    sys.exit(1 if any(finding.verdict == "FAIL" for finding in findings) else 0)


def cpu_units(folder: Path, store: str) -> int:
    """The CPU units of all tasks at their greatest number. Raises `AwsProblem`."""
    front, sizes, tasks, size = terraform_variables(
        folder, "front", "feeder_sizes", "server_tasks", "server_size"
    )
    answering = MCP_UNITS if front == "lambda" else tasks["max"] * size["cpu"]
    return sum(feeder_units(sizes).values()) + answering + (HOSTED_UNITS if store == "hosted" else 0)


def feeder_units(sizes: Mapping[str, Mapping[str, int]]) -> Mapping[str, int]:
    """The CPU units of each feeder."""
    return CPU_UNITS | {name: size["cpu"] for name, size in sizes.items() if name in CPU_UNITS}


if __name__ == "__main__":
    main()
