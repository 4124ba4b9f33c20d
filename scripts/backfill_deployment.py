"""`scripts/backfill_deployment.py --days 5 [--target aws]`: write history into a simulator's store.

This machine simulates the network and writes the records: into a deployment's Timestream tables, the store of
the parts here, or that of one process. A deployment's Aurora store is reached from inside its VPC only, so a
task does it there.
"""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import datetime

import click

from services import cli
from services.aws.ssm_clock import SsmClock, SsmClockParameter
from services.commands import options
from services.commands.backfill import wanted
from services.inputs.load import opened_timestream
from services.operate.aws_problems import AwsProblem, call_aws
from services.operate.ecs import EcsServices
from services.operate.operator_command import OperatorCommand, target_option, target_region_option
from services.operate.resource_names import (
    DATABASE,
    FEEDER_SERVICES,
    HOSTED_SERVICE,
    bucket,
    store_url,
)
from services.operate.retention import OutsideRetention, check_retention
from services.stack.target_system import TargetSystem, chosen_system
from simulator.clock import Clock
from storage.aws_clients import client

CLOCK_PARAMETER = "/bus-simulator/clock"
HOSTED = (
    f"this deployment hosts its own Timestream endpoint, which backfills its history when it starts: "
    f"make restart SERVICE={HOSTED_SERVICE} TARGET=aws"
)


@click.command(cls=OperatorCommand)
@target_option
@target_region_option
@click.option("--days", type=click.IntRange(1, 366), help="How many days before the current hour.")
@click.option("--start", type=options.time, help="The start of the history.")
@click.option("--end", type=options.time, help="The end of the history (exclusive).")
@click.option("--network", show_default="the one that the system was given last", help="The network.")
@click.option("--store", show_default="the system's", help="The URL of the store.")
@click.option("--jobs", type=click.IntRange(1, 256), help="Number of processes that simulate.")
def main(
    *,
    target: str | None,
    region: str | None,
    days: int | None,
    start: datetime | None,
    end: datetime | None,
    network: str | None,
    store: str | None,
    jobs: int | None,
) -> None:
    """Fill a simulator's store with history. Days beyond a deployment's retention are refused."""
    system = chosen_system(target, region)
    now = clock_of(system)
    stretch = wanted(days, start, end, now=now)
    if system.kind == "aws" and store is None and is_private(system.region):
        backfill_inside(system.region, stretch, now)
        return
    if system.kind == "aws":
        check_deployment(system.region, stretch[0], now)
    if system.kind != "process":
        of_parts = None if system.parts is None else system.parts.store
        store = store or of_parts or store_url(system.region)
        network = network or network_of(system.region)
    named = {"network": network, "store": store, "jobs": None if jobs is None else str(jobs)}
    chosen = [word for name, value in named.items() if value is not None for word in (f"--{name}", value)]
    times = ["--start", stretch[0].isoformat(), "--end", stretch[1].isoformat(), "--at", now.isoformat()]
    code = cli.status_of(["backfill", *times, *chosen])
    if code == 0 and system.kind == "aws" and store is not None:
        with closing(opened_timestream(store)) as written:
            written.note_backfill(*stretch, at=now)
    sys.exit(code)


def clock_of(system: TargetSystem) -> datetime:
    """The present time: the parts' simulated time, else wall time. Raises `DependencyError`."""
    if system.parts is None:
        return Clock().now()
    clock = SsmClock(SsmClockParameter(client("ssm", region=system.region), CLOCK_PARAMETER))
    clock.follow()
    return clock.now()


def is_private(region: str) -> bool:
    """Whether a deployment's store is a PostgreSQL database in its VPC. Raises `AwsProblem`."""
    return EcsServices(client("ecs", region=region)).store_url().startswith("postgresql:")


def backfill_inside(region: str, stretch: tuple[datetime, datetime], now: datetime) -> None:
    """Start a task in a deployment's VPC that backfills its store. Raises `AwsProblem`."""
    start, end = (each.isoformat() for each in stretch)
    command = ["backfill", "--start", start, "--end", end, "--at", now.isoformat()]
    feeder = FEEDER_SERVICES[0]
    task = EcsServices(client("ecs", region=region)).run_once(feeder, command, cpu=2048, memory=8192)
    click.echo(f"task {task} backfills: make logs SERVICE={feeder} ARGS=--follow TARGET=aws")


def check_deployment(region: str, start: datetime, now: datetime) -> None:
    """Raise `AwsProblem` or `UsageError` unless a deployment takes records from `start` on."""
    if HOSTED_SERVICE in EcsServices(client("ecs", region=region)).states([HOSTED_SERVICE]):
        raise AwsProblem(HOSTED)
    try:
        check_retention(client("timestream-write", region=region), DATABASE, start, now)
    except OutsideRetention as refusal:
        raise click.UsageError(str(refusal)) from refusal


def network_of(region: str) -> str:
    """The URL of the network in the configuration bucket. Raises `AwsProblem`."""
    account = call_aws(client("sts", region=region).get_caller_identity, "the account")["Account"]
    return f"s3://{bucket(account)}/config/lines.yaml"


if __name__ == "__main__":
    main()
