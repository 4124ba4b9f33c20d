"""`scripts/deployed_services.py status|restart|scale|logs`: the services of a deployment on AWS."""

from __future__ import annotations

import sys
from datetime import timedelta

import click

from services.commands import options
from services.operate.ecs import EcsServices
from services.operate.log_reader import follow_log_events, log_group, read_log_events
from services.operate.operator_command import CONTEXT, OperatorCommand, region_option
from services.operate.resource_names import HOSTED_SERVICE, SERVICES
from services.times import format_instant
from simulator.clock import Clock
from storage.aws_clients import client

ALL_SERVICES = (*SERVICES, HOSTED_SERVICE)


@click.group(context_settings=CONTEXT)
def main() -> None:
    """See to the services of a deployment: the feeders, the MCP server, a hosted endpoint."""


@main.command(cls=OperatorCommand)
@region_option
def status(*, region: str) -> None:
    """Show every service with its tasks. Exit code 1 where one doesn't run as it should."""
    states = EcsServices(client("ecs", region=region)).states(ALL_SERVICES)
    for name in [name for name in ALL_SERVICES if name in states or name != HOSTED_SERVICE]:
        state = states.get(name)
        well = "" if state is None else f"{state.running} of {state.desired} tasks run"
        said = "no such service" if state is None else state.fault or well
        click.echo(f"{name:<20}  {said}")
    sound = all(name in states for name in SERVICES)
    sys.exit(0 if sound and all(state.fault is None for state in states.values()) else 1)


@main.command(cls=OperatorCommand)
@region_option
@click.argument("names", metavar="SERVICE…", nargs=-1)
def restart(*, region: str, names: tuple[str, ...]) -> None:
    """Start new tasks for those that run, with the newest image; of all services without a name."""
    services = EcsServices(client("ecs", region=region))
    for name in names or SERVICES:
        services.restart(name)
        click.echo(f"{name}: new tasks are starting")


@main.command(cls=OperatorCommand)
@region_option
@click.argument("name", metavar="SERVICE")
@click.argument("tasks", type=click.IntRange(0, 10))
def scale(*, region: str, name: str, tasks: int) -> None:
    """Let TASKS tasks of a service run, until the next make deploy sets the number again."""
    EcsServices(client("ecs", region=region)).scale(name, tasks)
    click.echo(f"{name}: {tasks} tasks wanted")


@main.command(cls=OperatorCommand)
@region_option
@click.argument("name", metavar="SERVICE|FUNCTION|GROUP")
@click.option("--since", type=options.span, default="1h", show_default=True, help="So far back.")
@click.option("--filter", "pattern", default="", help="Only lines with this (a CloudWatch filter pattern).")
@click.option("--follow", is_flag=True, help="Go on with what comes.")
def logs(*, region: str, name: str, since: timedelta, pattern: str, follow: bool) -> None:
    """Show what a service or a function logged."""
    service, group, clock = client("logs", region=region), log_group(name), Clock()
    start = clock.now() - since
    found = read_log_events(service, group, since=start, pattern=pattern)
    if follow:
        found = follow_log_events(service, group, since=start, pattern=pattern, waited=clock.rest)
    for each in found:
        click.echo(f"{format_instant(each.time)} {each.text}")


if __name__ == "__main__":
    main()
