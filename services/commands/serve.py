"""`bus-simulator serve`: the services over a store that others fill."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import click

from services import options
from services.inputs import DUCKDB
from services.settings import Settings

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
@options.shared_store_options
@options.serving_options
def serve(*, key_refresh: timedelta, **chosen: Any) -> None:
    """Answer REST, WebSocket and MCP over a store that feeders fill, without feeding it.

    Needs a store that several processes share (timestream://). For a duckdb: store use `run`. New positions
    reach WebSocket clients when the store has them, a second later at most.
    """
    settings = checked(Settings(**chosen))
    from services.serving import serve_store

    serve_store(settings, key_refresh)


def checked(settings: Settings) -> Settings:
    """The settings of a process that serves what others feed. Raises `UsageError` for what only `run` can."""
    if settings.store.startswith(DUCKDB):
        raise click.UsageError(ONE_PROCESS)
    if math.isinf(settings.speed):
        raise click.UsageError("--speed max is for whoever feeds: without feeders time would stand still")
    return settings
