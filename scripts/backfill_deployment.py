"""`scripts/backfill_deployment.py --region R --days 5`: history into a deployment's Timestream tables.

It is simulated on this machine, from the network that the deployment has, and written from here.
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
    f"this deployment hosts its endpoint, which fills in its own history when it starts: "
    f"make restart SERVICE={HOSTED_SERVICE} TARGET=aws"
)


@click.command(cls=OperatorCommand)
@region_option
@click.option("--days", type=click.IntRange(1, 366), help="The days before this hour.")
@click.option("--start", type=options.time, help="From here on.")
@click.option("--end", type=options.time, help="Up to here, not included.")
@click.option("--network", show_default="config/lines.yaml in the deployment's bucket", help="The lines.")
@click.option("--store", show_default="timestream://bus_simulator?region=REGION", help="The database.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes that simulate.")
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
    """Fill a deployment's tables with history; what they don't keep is refused before anything is done."""
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
