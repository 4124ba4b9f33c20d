"""`bus-simulator mcp`: the tools for agents, as a server of their own or over standard input and output."""

from __future__ import annotations

import importlib.util
from datetime import timedelta
from typing import Any

import click

from services import options
from services.commands.serve import checked
from services.options import option
from services.settings import Settings

MISSING = "this needs the package mcp: pip install 'bus-simulator[mcp]'"


@click.command(
    epilog="""\b
Examples:
  bus-simulator mcp --store 'timestream://bus_simulator?region=eu-west-1'
  bus-simulator mcp --stdio
  bus-simulator mcp --stdio --url http://127.0.0.1:8080"""
)
@options.shared_store_options
@option("--port", type=click.IntRange(0, 65535), default=8081, help="0 takes a free one.")
@options.hosted_options
@option("--stdio", is_flag=True, default=False, help="Speak over standard input and output, for one client.")
@option(
    "--url",
    default=None,
    show_default="a city of this machine",
    help="With --stdio: speak for the simulator that runs there.",
)
@option("--group", default="stdio", help="With --stdio: the group name to ask as.")
def mcp(*, key_refresh: timedelta, stdio: bool, url: str | None, group: str, **chosen: Any) -> None:
    """Serve the city to agents: the Model Context Protocol at /mcp, beside REST and the map.

    Over a store that feeders fill (timestream://). With --stdio, as MCP clients start it, it speaks for the
    simulator at --url, else for the one that holds the store, else it runs the city itself while it lasts.
    """
    if importlib.util.find_spec("mcp") is None:
        raise click.ClickException(MISSING)
    if url is not None and not stdio:
        raise click.UsageError("--url goes with --stdio")
    settings = Settings(**chosen)
    if stdio:
        from services.mcp_stdio import speak

        speak(settings, key_refresh, url=url, group=group)
        return
    from services.serving import serve_store

    serve_store(checked(settings), key_refresh)
