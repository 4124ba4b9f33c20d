"""`bus-simulator serve`: REST, WebSocket and MCP over a store that feeders fill."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import click

from services.commands import options
from services.commands.options import option
from services.inputs.load import DUCKDB
from services.settings import SUBSCRIPTIONS_TABLE

ONE_PROCESS = (
    "a duckdb: store is held by one process, so no feeder could fill it while this one serves; "
    "use `bus-simulator run`, which feeds and serves in one process"
)


@click.command(
    epilog="""\b
Example:
  bus-simulator serve --store 'timestream://bus_simulator?region=eu-west-1'
Feeders run beside it, one process each:
  bus-simulator feed bus-position --store 'timestream://bus_simulator?region=eu-west-1'"""
)
@options.process_options
@options.serving_options
@options.secret_id_option
@option(
    "--queue",
    metavar="NAME|URL",
    default=None,
    help="SQS queue, read by this process alone, that delivers new positions. "
    "Without it the store is polled.",
)
@option(
    "--connections-table",
    metavar="TABLE",
    default=None,
    help="DynamoDB table to write the WebSocket connections to, for other programs to read.",
)
@option(
    "--subscriptions-table",
    metavar="TABLE",
    default=SUBSCRIPTIONS_TABLE,
    help="DynamoDB table for the lines of each connection; needs --connections-table.",
)
@options.clock_control_option
@options.control_option
def serve(**chosen: Any) -> None:
    """Serve REST, WebSocket and MCP over a store that feeders fill.

    The store must be one that several processes can open (postgresql:// or timestream://); for a duckdb:
    store use `run`. New positions reach WebSocket clients through --queue, at once from PostgreSQL, or at
    most a second after they are in the store.
    """
    check_shared(chosen)
    from services.processes import server_process
    from services.processes.server_settings import server_options

    server_process.serve(server_options(chosen))


def check_shared(chosen: Mapping[str, Any]) -> None:
    """Raise `UsageError` for a duckdb: store, the greatest speed, and control without a shared clock."""
    if chosen["store"].startswith(DUCKDB):
        raise click.UsageError(ONE_PROCESS)
    if math.isinf(chosen["speed"]):
        raise click.UsageError("--speed max needs feeders in the same process to move the clock: use `run`")
    if (chosen.get("clock_control") or chosen["control"]) and chosen["clock_parameter"] is None:
        name = "--control" if chosen["control"] else "--clock-control"
        raise click.UsageError(f"{name} moves the shared clock: it needs --clock-parameter")
