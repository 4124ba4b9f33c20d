"""`bus-simulator mcp`: the tools for agents, as a server of their own or over standard input and output."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from services.commands import options
from services.commands.options import option
from services.commands.serve import check_shared
from services.settings import Settings

SHARED = ("clock_parameter", "log_group", "secret_id")
MISSING = "this needs the package mcp: pip install 'bus-simulator[mcp]'"


@click.command(
    epilog="""\b
Examples:
  bus-simulator mcp --store 'timestream://bus_simulator?region=eu-west-1'
  bus-simulator mcp --stdio
  bus-simulator mcp --stdio --url http://127.0.0.1:8080"""
)
@options.process_options
@option("--port", type=click.IntRange(0, 65535), default=8081, help="0 takes a free one.")
@options.hosted_options
@options.secret_id_option
@option(
    "--backfill",
    type=options.span,
    default="24h",
    help="With --stdio, where it runs the city itself: history before it answers.",
)
@option("--stdio", is_flag=True, default=False, help="Speak over standard input and output, for one client.")
@option(
    "--url",
    default=None,
    show_default="a city of this machine",
    help="With --stdio: speak for the simulator that runs there.",
)
@option("--group", default="stdio", help="With --stdio: the group name to ask as.")
def mcp(*, stdio: bool, url: str | None, group: str, **chosen: Any) -> None:
    """Serve the city to agents: the Model Context Protocol at /mcp, beside REST and the map.

    Over a store that feeders fill (timestream://). With --stdio, as MCP clients start it, it speaks for the
    simulator at --url, else for the one that holds the store, else it runs the city itself while it lasts.
    """
    if importlib.util.find_spec("mcp") is None:
        raise click.ClickException(MISSING)
    if url is not None and not stdio:
        raise click.UsageError("--url goes with --stdio")
    if stdio:
        from services.processes.stdio_bridge import speak

        speak(own_settings(chosen), chosen["key_refresh"], url=url, group=group)
        return
    check_shared(chosen)
    from services.processes import server_process
    from services.processes.server_settings import server_options

    server_process.serve(server_options(chosen))


def own_settings(chosen: Mapping[str, Any]) -> Settings:
    """The settings of a city that one client has to itself. Raises `UsageError` for what is for sharing."""
    shared = next((name for name in SHARED if chosen[name] is not None), None)
    if shared is not None:
        raise click.UsageError(f"--{shared.replace('_', '-')} doesn't go with --stdio")
    known = {field.name for field in dataclasses.fields(Settings)}
    network = None if chosen["network"] is None else Path(chosen["network"])
    return Settings(**{name: chosen[name] for name in known & chosen.keys()} | {"network": network})
