"""`scripts/backfill_deployment.py --region R --days 5`: backfill a deployment's Timestream tables.

This machine simulates the deployment's network and writes the records.
"""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import datetime

import click

from services import cli
from services.commands import options
from services.commands.backfill import wanted
from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.ecs import EcsServices
from services.operate.operator_command import OperatorCommand, region_option
from services.operate.resource_names import DATABASE, HOSTED_SERVICE, bucket, store_url
from services.operate.retention import OutsideRetention, check_retention
from simulator.clock import Clock
from storage.aws_clients import client
from storage.open import timestream_at

HOSTED = (
    f"this deployment hosts its own Timestream endpoint, which backfills its history when it starts: "
    f"make restart SERVICE={HOSTED_SERVICE} TARGET=aws"
)


@click.command(cls=OperatorCommand)
@region_option
@click.option("--days", type=click.IntRange(1, 366), help="How many days before the current hour.")
@click.option("--start", type=options.time, help="The start of the history.")
@click.option("--end", type=options.time, help="The end of the history (exclusive).")
@click.option("--network", show_default="config/lines.yaml in the deployment's bucket", help="The network.")
@click.option(
    "--store", show_default="timestream://bus_simulator?region=REGION", help="The Timestream database."
)
@click.option("--jobs", type=click.IntRange(1, 256), help="Number of processes that simulate.")
def main(
    *,
    region: str,
    days: int | None,
    start: datetime | None,
    end: datetime | None,
    network: str | None,
    store: str | None,
    jobs: int | None,
) -> None:
    """Fill a deployment's tables with history. Days beyond their retention are refused at the start."""
    now = Clock().now()
    stretch = wanted(days, start, end, now=now)
    if HOSTED_SERVICE in EcsServices(client("ecs", region=region)).states([HOSTED_SERVICE]):
        raise AwsProblem(HOSTED)
    try:
        check_retention(client("timestream-write", region=region), DATABASE, stretch[0], now)
    except OutsideRetention as refusal:
        raise click.UsageError(str(refusal)) from refusal
    if network is None:
        account = call_aws(client("sts", region=region).get_caller_identity, "the account")["Account"]
        network = f"s3://{bucket(account)}/config/lines.yaml"
    said = ["--start", stretch[0].isoformat(), "--end", stretch[1].isoformat(), "--network", network]
    said += ["--store", store or store_url(region), *([] if jobs is None else ["--jobs", str(jobs)])]
    code = cli.status_of(["backfill", *said])
    if code == 0:
        with closing(timestream_at(store or store_url(region), make=False)) as target:
            target.note_backfill(*stretch, at=Clock().now())
    sys.exit(code)


if __name__ == "__main__":
    main()
