"""The options that commands share: how their values read, their variables, what is refused (exit code 2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from services import settings
from services.times import YEARS, parse_instant, parse_span

Command = TypeVar("Command", bound=Callable[..., Any])


class Decorator(Protocol):
    """What puts an option on a command."""

    def __call__(self, command: Command, /) -> Command:
        """The command with the option."""


def time(text: str) -> datetime:
    """An option's ISO 8601 time, UTC unless it says otherwise."""
    try:
        instant = parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if instant.year not in YEARS:
        raise click.BadParameter(f"'{text}' is not in the years {YEARS[0]} to {YEARS[-1]}")
    return instant


def span(text: str) -> timedelta:
    """An option's length of time, like `24h`."""
    try:
        return parse_span(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def speed(text: str) -> float:
    """An option's factor; infinite for `max`."""
    try:
        return settings.parse_speed(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def host_names(text: str) -> tuple[str, ...]:
    """An option's list of host names, separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def option(*names: str, **attributes: Any) -> Decorator:
    """`click.option` with the environment variables of its first long name, and its default shown."""
    key = next(name for name in names if name.startswith("--")).lstrip("-").replace("-", "_")
    attributes.setdefault("show_default", True)
    return click.option(*names, envvar=list(settings.VARIABLES[key]), show_envvar=True, **attributes)


network_option = option(
    "--network",
    "--gtfs",
    "network",
    type=click.Path(path_type=Path),
    default=None,
    show_default="the scenario's, or data/lines.yaml, else the one that comes with the program",
    help="The lines, stops and buses: a file, a folder that import-gtfs made, or a GTFS zip. "
    "Given twice, by either name, the last counts.",
)
seed_option = option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=None,
    show_default="the scenario's, or 1",
    help="Another seed, another city of chance.",
)
scenario_option = option(
    "--scenario",
    metavar="NAME|FILE",
    default=None,
    show_default="none",
    help="What is other than on ordinary days: one that comes with the program, or a file.",
)
store_option = option(
    "--store",
    metavar="URL",
    default=settings.default_store,
    show_default=settings.DEFAULT_STORE,
    help="Where the data are: duckdb:PATH, or timestream://DATABASE?region=REGION.",
)
jobs_option = option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=None,
    show_default="1 for a small network, else one a processor",
    help="Processes that simulate.",
)
new_inputs_option = option(
    "--continue-with-new-inputs",
    is_flag=True,
    default=False,
    help="Go on in a store that another seed, network or model made, from the next whole hour.",
)
port_option = option("--port", type=click.IntRange(0, 65535), default=8080, help="0 takes a free one.")
host_option = option("--host", default="127.0.0.1", help="The address to listen on.")
allowed_hosts_option = option(
    "--allowed-hosts",
    type=host_names,
    default="",
    metavar="HOST,…",
    show_default="only this machine's own",
    help="Names by which the MCP server may be asked besides; * for any.",
)
rate_limit_option = option(
    "--rate-limit",
    type=click.FloatRange(min=0, max=1e9),
    default=None,
    show_default="50; none on this machine's own addresses",
    help="Requests a second for each key, twice as many at once. 0: no limit.",
)
daily_limit_option = option(
    "--daily-limit",
    type=click.IntRange(min=0),
    default=None,
    show_default="10000; none on this machine's own addresses",
    help="Requests a UTC day for each key. 0: no limit.",
)
key_refresh_option = option(
    "--key-refresh",
    type=span,
    default="10s",
    help="How soon a changed key file counts.",
)
timestream_port_option = option(
    "--timestream-port",
    type=click.IntRange(0, 65535),
    default=None,
    show_default="none",
    help="Keep the data in a Timestream endpoint of its own on this port, beside --store. 0: a free one.",
)
paused_option = option("--paused", is_flag=True, default=False, help="Start with the clock standing.")
clock_control_option = option(
    "--clock-control",
    is_flag=True,
    default=False,
    help="Let whoever has the key set, stop and move the clock (POST /clock).",
)


def together(*decorators: Decorator) -> Decorator:
    """Several options as one, in this order."""

    def decorate(command: Command, /) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


hosted_options = together(
    host_option, allowed_hosts_option, rate_limit_option, daily_limit_option, key_refresh_option
)
serving_options = together(port_option, hosted_options)
clock_options = together(paused_option, clock_control_option)
shared_network_option = option(
    "--network",
    "--gtfs",
    "network",
    metavar="PATH|s3://BUCKET/KEY",
    default=None,
    show_default="the scenario's, or data/lines.yaml, else the one that comes with the program",
    help="The lines, stops and buses: a file, a folder, a GTFS zip, or an object in S3, "
    "which counts from the next whole hour when it is changed.",
)
network_refresh_option = option(
    "--network-refresh", type=span, default="10s", help="How often a network in S3 is looked at."
)
clock_parameter_option = option(
    "--clock-parameter",
    metavar="NAME",
    default=None,
    help="The parameter of Systems Manager that has the clock, in the place of --at and --speed.",
)
log_group_option = option(
    "--log-group", metavar="GROUP", default=None, help="The group of CloudWatch Logs to log to as well."
)
secret_id_option = option(
    "--secret-id", metavar="NAME", default=None, help="The secret of Secrets Manager that has the keys."
)
process_options = together(
    shared_network_option,
    network_refresh_option,
    seed_option,
    scenario_option,
    store_option,
    option("--speed", type=speed, default="1", help="Simulated seconds a second."),
    option("--at", type=time, default=None, help="Start the clock there instead of now."),
    clock_parameter_option,
    log_group_option,
)
"""What every process of its own takes: its network, store and clock, and where its logs go."""

start_option = option("--start", type=time, default=None, help="From here on.")
end_option = option("--end", type=time, default=None, help="Up to here, not included.")
output_option = option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="The file to write; it appears when it is complete.",
)


def check_stretch(start: datetime | None, end: datetime | None) -> None:
    """A usage error where a stretch doesn't begin before its end."""
    if start is not None and end is not None and start >= end:
        raise click.UsageError(f"--start {start.isoformat()} is not before --end {end.isoformat()}")
