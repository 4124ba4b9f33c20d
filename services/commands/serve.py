"""`bus-simulator serve`: the services over a store that others fill."""

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
    "a duckdb: store is held by one process, so that nobody else could fill it while this one serves; "
    "`bus-simulator run` feeds and serves it in one process"
)


@click.command(
    epilog="""\b
Example:
  bus-simulator serve --store 'timestream://bus_simulator?region=eu-west-1'
Beside it something has to feed, one process for each:
  bus-simulator feed bus-position --store 'timestream://bus_simulator?region=eu-west-1'"""
)
@options.process_options
@options.serving_options
@options.secret_id_option
@option(
    "--queue",
    metavar="NAME|URL",
    default=None,
    show_default="none: the store is asked for new positions",
    help="The queue of SQS that new positions come by, for this process alone.",
)
@option(
    "--connections-table",
    metavar="TABLE",
    default=None,
    show_default="none",
    help="The table of DynamoDB that has who is connected by WebSocket, for others to read.",
)
@option(
    "--subscriptions-table",
    metavar="TABLE",
    default=SUBSCRIPTIONS_TABLE,
    help="Beside --connections-table, the one that has who wants which lines.",
)
@options.clock_control_option
def serve(**chosen: Any) -> None:
    """Answer REST, WebSocket and MCP over a store that feeders fill, without feeding it.

    Needs a store that several processes share (timestream://). For a duckdb: store use `run`. New positions
    reach WebSocket clients by --queue, else when the store has them, a second later at most.
    """
    check_shared(chosen)
    if chosen["clock_control"] and chosen["clock_parameter"] is None:
        raise click.UsageError("--clock-control moves the clock that all share: it needs --clock-parameter")
    from services.processes import server_process
    from services.processes.server_settings import server_options

    server_process.serve(server_options(chosen))


def check_shared(chosen: Mapping[str, Any]) -> None:
    """Raise `UsageError` for what only `run` can: a store of its own, time that feeders in it drive."""
    if chosen["store"].startswith(DUCKDB):
        raise click.UsageError(ONE_PROCESS)
    if math.isinf(chosen["speed"]):
        raise click.UsageError("--speed max is for whoever feeds: without feeders time would stand still")
