"""`scripts/deployed_services.py status|restart|scale|logs`: the services of a deployment on AWS."""

from __future__ import annotations

import sys
from datetime import timedelta

import click

from services.commands import options
from services.operate.ecs import EcsServices
from services.operate.log_reader import follow_log_events, log_group, read_log_events
from services.operate.operator_command import CONTEXT, OperatorCommand, region_option
from services.operate.resource_names import HOSTED_SERVICE
from services.times import format_instant
from simulator.clock import Clock
from storage.aws_clients import client


@click.group(context_settings=CONTEXT)
def main() -> None:
    """Operate a deployment's services: feeders, the MCP server or API servers, a hosted endpoint."""


@main.command(cls=OperatorCommand)
@region_option
def status(*, region: str) -> None:
    """Show every service and its tasks. Exit code 1 if one is missing or lacks tasks."""
    services = EcsServices(client("ecs", region=region))
    names = services.expected()
    states = services.states(names)
    for name in names:
        state = states.get(name)
        if state is None:
            status_text = "no such service"
        else:
            status_text = state.fault or f"{state.running} of {state.desired} tasks run"
        click.echo(f"{name:<20}  {status_text}")
    complete = all(name in states for name in names)
    sys.exit(0 if complete and all(state.fault is None for state in states.values()) else 1)


@main.command(cls=OperatorCommand)
@region_option
@click.argument("names", metavar="SERVICE…", nargs=-1)
def restart(*, region: str, names: tuple[str, ...]) -> None:
    """Replace the tasks of the named services, or of all, by new ones with the newest image."""
    services = EcsServices(client("ecs", region=region))
    for name in names or [each for each in services.expected() if each != HOSTED_SERVICE]:
        services.restart(name)
        click.echo(f"{name}: new tasks are starting")


@main.command(cls=OperatorCommand)
@region_option
@click.argument("name", metavar="SERVICE")
@click.argument("tasks", type=click.IntRange(0, 10))
def scale(*, region: str, name: str, tasks: int) -> None:
    """Run TASKS tasks of a service, until the next make deploy sets the number again."""
    EcsServices(client("ecs", region=region)).scale(name, tasks)
    click.echo(f"{name}: {tasks} tasks wanted")


@main.command(cls=OperatorCommand)
@region_option
@click.argument("name", metavar="SERVICE|FUNCTION|GROUP")
@click.option("--since", type=options.span, default="1h", show_default=True, help="How far back to start.")
@click.option("--filter", "pattern", default="", help="Only lines that match a CloudWatch filter pattern.")
@click.option("--follow", is_flag=True, help="Keep showing new lines.")
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
