"""`bus-simulator mcp`: MCP for agents, over HTTP or over standard input and output."""

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
@option("--port", type=click.IntRange(0, 65535), default=8081, help="Port; 0 takes a free one.")
@options.hosted_options
@options.secret_id_option
@options.control_option
@option(
    "--backfill",
    type=options.span,
    default="24h",
    help="With --stdio and no other simulator: history to write before the first answer.",
)
@option("--stdio", is_flag=True, default=False, help="Serve one client over standard input and output.")
@option(
    "--url",
    default=None,
    show_default="the simulator that holds the store, else a new one",
    help="With --stdio: URL of the simulator to connect to.",
)
@option("--group", default="stdio", help="With --stdio: group name of the requests.")
def mcp(*, stdio: bool, url: str | None, group: str, **chosen: Any) -> None:
    """Serve the Model Context Protocol at /mcp, with REST and the map, over a store that feeders fill.

    With --stdio, as MCP clients start it, it connects the client to the simulator at --url, else to the one
    that holds the store; if there is neither, it runs a simulator until the client disconnects.
    """
    if importlib.util.find_spec("mcp") is None:
        raise click.ClickException(MISSING)
    if url is not None and not stdio:
        raise click.UsageError("--url needs --stdio")
    if stdio:
        from services.processes.stdio_bridge import speak

        speak(own_settings(chosen), chosen["key_refresh"], url=url, group=group)
        return
    check_shared(chosen)
    from services.processes import server_process
    from services.processes.server_settings import server_options

    server_process.serve(server_options(chosen))


def own_settings(chosen: Mapping[str, Any]) -> Settings:
    """The settings of a simulator for one client. Raises `UsageError` for options of shared processes."""
    shared = next((name for name in SHARED if chosen[name] is not None), None)
    if shared is not None:
        raise click.UsageError(f"--{shared.replace('_', '-')} can't be combined with --stdio")
    known = {field.name for field in dataclasses.fields(Settings)}
    network = None if chosen["network"] is None else Path(chosen["network"])
    return Settings(**{name: chosen[name] for name in known & chosen.keys()} | {"network": network})
