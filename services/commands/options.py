"""The options that several commands have: their values, variables and help texts.

Invalid values end with exit code 2.
"""

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
    """A decorator that adds one or more options to a command."""

    def __call__(self, command: Command, /) -> Command:
        """Return the command with the options."""


def time(text: str) -> datetime:
    """Parse an ISO 8601 time, UTC unless it has an offset."""
    try:
        instant = parse_instant(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if instant.year not in YEARS:
        raise click.BadParameter(f"'{text}' is not in the years {YEARS[0]} to {YEARS[-1]}")
    return instant


def span(text: str) -> timedelta:
    """Parse a length of time such as `24h`."""
    try:
        return parse_span(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def speed(text: str) -> float:
    """Parse simulated seconds per second; infinite for `max`."""
    try:
        return settings.parse_speed(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def tiles_url(text: str) -> str:
    """Parse the URL of map tiles."""
    try:
        return settings.parse_tiles_url(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def host_names(text: str) -> tuple[str, ...]:
    """Parse host names separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


OFF = "off"


class LimitPerSecond(click.FloatRange):
    """A number of requests, or `off`, which is 0."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Parse the number."""
        return 0.0 if value == OFF else float(super().convert(value, param, ctx))


class LimitPerDay(click.IntRange):
    """A number of requests, or `off`, which is 0."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse the number."""
        return 0 if value == OFF else int(super().convert(value, param, ctx))


def option(*names: str, key: str | None = None, **attributes: Any) -> Decorator:
    """`click.option` with the environment variables of its first long name and its default in the help.

    `key` names the variables where another command's option has the same name and other values. A
    `show_default` text describes a default that depends on other options; help shows it in parentheses.
    """
    key = key or next(name for name in names if name.startswith("--")).lstrip("-").replace("-", "_")
    attributes.setdefault("show_default", True)
    return click.option(*names, envvar=list(settings.VARIABLES[key]), show_envvar=True, **attributes)


network_option = option(
    "--network",
    "--gtfs",
    "network",
    type=click.Path(path_type=Path),
    default=None,
    show_default="the scenario's, else data/lines.yaml, else the included one",
    help="Lines, stops and buses: a YAML file, a folder written by import-gtfs, or a GTFS feed. "
    "If it is given twice, by either name, the last one counts.",
)
seed_option = option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=None,
    show_default="the scenario's, else 1",
    help="Seed of all random numbers: the same seed gives the same data.",
)
scenario_option = option(
    "--scenario",
    metavar="NAME|FILE",
    default=None,
    help="Disruptions, demand changes and weather: the name of an included scenario, or a file. "
    "Without it every day is an ordinary one.",
)
store_option = option(
    "--store",
    metavar="URL",
    default=settings.default_store,
    show_default=settings.DEFAULT_STORE,
    help="Where the data are stored: duckdb:PATH, postgresql://USER@HOST/DATABASE[?schema=NAME], "
    "timestream://DATABASE?region=REGION, or lake:PATH to read.",
)
jobs_option = option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=None,
    show_default="1 for a small network, else one per processor",
    help="Number of processes that simulate.",
)
new_inputs_option = option(
    "--continue-with-new-inputs",
    is_flag=True,
    default=False,
    help="Continue, from the next whole hour, in a store written with another seed, network or model.",
)
keep_days_option = option(
    "--keep-days",
    type=click.IntRange(1, 36_500),
    metavar="N",
    default=None,
    show_default="all",
    help="Remove older data every hour: the days (UTC) that ended more than N days before the simulated "
    "time.",
)
port_option = option(
    "--port", type=click.IntRange(0, 65535), default=8080, help="TCP port; 0 takes a free one."
)
host_option = option("--host", default="127.0.0.1", help="Address to listen on.")
allowed_hosts_option = option(
    "--allowed-hosts",
    type=host_names,
    default="",
    metavar="HOST,…",
    show_default="this machine's own names",
    help="Host names that requests to the MCP server may carry in addition; * allows any.",
)
rate_limit_option = option(
    "--rate-limit",
    type=LimitPerSecond(min=0, max=1e9),
    metavar="N|off",
    default=None,
    show_default="off on a loopback address, else 50",
    help="Requests per second and key, with bursts of twice as many.",
)
daily_limit_option = option(
    "--daily-limit",
    type=LimitPerDay(min=0),
    metavar="N|off",
    default=None,
    show_default="off on a loopback address, else 10000",
    help="Requests per UTC day and key.",
)
key_refresh_option = option(
    "--key-refresh",
    type=span,
    default="10s",
    help="How often the keys are re-read, so that changed ones work without a restart.",
)
timestream_port_option = option(
    "--timestream-port",
    type=click.IntRange(0, 65535),
    default=None,
    help="Store the data in a local Timestream endpoint on this port, its file beside --store; "
    "0 takes a free port.",
)
ready_file_option = option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="File for the program that starts this one: JSON with the URLs, the key and the pid. "
    "It appears when the simulator answers, and is removed at the end.",
)
paused_option = option("--paused", is_flag=True, default=False, help="Start with the clock paused.")
clock_control_option = option(
    "--clock-control",
    is_flag=True,
    default=False,
    help="Let clients with a valid key pause, step and move the clock (POST /clock).",
)

control_option = option(
    "--control",
    is_flag=True,
    default=False,
    help="Let clients with the main key disturb the running city (POST /interventions), and all that "
    "--clock-control allows.",
)

url_option = option(
    "--url",
    default=None,
    show_default="the simulator that holds the store",
    help="URL of the running simulator.",
)
group_option = option("--group", default="organiser", help="Group name of the requests.")


def together(*decorators: Decorator) -> Decorator:
    """Combine options into one decorator, in this order."""

    def decorate(command: Command, /) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


hosted_options = together(
    host_option, allowed_hosts_option, rate_limit_option, daily_limit_option, key_refresh_option
)
emt_options = together(
    option(
        "--emt-port",
        type=click.IntRange(0, 65535),
        default=None,
        help="Serve EMT Madrid's API at the root of this port too; 0 takes a free port.",
    ),
    option(
        "--emt-cert",
        type=click.Path(dir_okay=False, path_type=Path),
        default=None,
        help="Certificate (PEM) with which --emt-port serves TLS; without it plain HTTP.",
    ),
    option(
        "--emt-key",
        type=click.Path(dir_okay=False, path_type=Path),
        default=None,
        show_default="in the file of --emt-cert",
        help="The certificate's private key (PEM), without a password.",
    ),
)
map_options = together(
    option(
        "--map-tiles",
        type=tiles_url,
        metavar="URL",
        default=None,
        help="Tiles for the map to show under the lines, such as https://HOST/{z}/{x}/{y}.png; browsers ask "
        "that host for them. Without it the map asks no other host for anything.",
    ),
    option(
        "--map-tiles-credit",
        metavar="TEXT",
        default="",
        show_default="the host's name",
        help="Source of the tiles, as their provider wants it shown on the map.",
    ),
)
serving_options = together(port_option, hosted_options, emt_options, map_options)
control_options = together(paused_option, clock_control_option, control_option)
shared_network_option = option(
    "--network",
    "--gtfs",
    "network",
    metavar="PATH|s3://BUCKET/KEY",
    default=None,
    show_default="the scenario's, else data/lines.yaml, else the included one",
    help="Lines, stops and buses: a YAML file, a folder, a GTFS feed, or an object in S3; "
    "when the object is replaced, the new network counts from the next whole hour.",
)
network_refresh_option = option(
    "--network-refresh", type=span, default="10s", help="How often a network in S3 is checked for changes."
)
clock_parameter_option = option(
    "--clock-parameter",
    metavar="NAME",
    default=None,
    help="Systems Manager parameter that holds the clock, in place of --at and --speed.",
)
log_group_option = option(
    "--log-group", metavar="GROUP", default=None, help="CloudWatch Logs group to log to in addition."
)
journal_object_option = option(
    "--journal-object",
    metavar="URL",
    default=None,
    show_default="the store's journal",
    help="Object in S3, s3://BUCKET/KEY, with the journal of interventions that all parts share.",
)
secret_id_option = option(
    "--secret-id", metavar="NAME", default=None, help="Secrets Manager secret that holds the keys."
)
process_options = together(
    shared_network_option,
    network_refresh_option,
    seed_option,
    scenario_option,
    store_option,
    option("--speed", type=speed, default="1", help="Simulated seconds per second."),
    option("--at", type=time, default=None, help="Start the clock at this time instead of now."),
    clock_parameter_option,
    journal_object_option,
    log_group_option,
)
"""The options of `feed`, `serve` and `mcp`: network, store, clock, log."""

OWN_RETENTION = (
    "a timestream: store deletes by the retention of its tables: set that, and leave out --keep-days"
)


def check_retention(store: str, keep_days: int | None) -> None:
    """Raise `UsageError` for --keep-days where the store itself deletes old records."""
    if keep_days is not None and store.startswith("timestream:"):
        raise click.UsageError(OWN_RETENTION)


start_option = option("--start", type=time, default=None, help="First instant.")
end_option = option("--end", type=time, default=None, help="End, exclusive.")
output_option = option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File to write; it appears when it is complete.",
)


def check_stretch(start: datetime | None, end: datetime | None) -> None:
    """Raise `UsageError` unless the start is before the end."""
    if start is not None and end is not None and start >= end:
        raise click.UsageError(f"--start {start.isoformat()} is not before --end {end.isoformat()}")
