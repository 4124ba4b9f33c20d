"""`bus-simulator run`: everything in one process."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from services import settings
from services.commands import options
from services.commands.options import option


@click.command(
    epilog="""\b
Examples:
  bus-simulator run
  bus-simulator run --at 2026-03-02T07:30+01:00 --speed 60 --store duckdb:/tmp/monday.duckdb
  bus-simulator run --at 2026-03-02T08:30+01:00 --paused --clock-control
  bus-simulator run --scenario strike --at 2026-03-03T07:30+01:00 --store duckdb:strike.duckdb
  bus-simulator run --network my-lines.yaml --backfill 0 --port 9000
  bus-simulator --log-file requests.jsonl run"""
)
@options.network_option
@options.seed_option
@options.scenario_option
@options.store_option
@option("--speed", type=options.speed, default="1", help="Simulated seconds per second, or max.")
@option("--at", type=options.time, default=None, help="Start the clock at this time instead of now.")
@option(
    "--backfill",
    type=options.span,
    default="24h",
    help="History to write before serving; up to 5 days follow in the background. 0: no history.",
)
@options.serving_options
@options.control_options
@options.ready_file_option
@options.timestream_port_option
@options.keep_days_option
@options.jobs_option
@options.new_inputs_option
def run(*, key_refresh: timedelta, **chosen: Any) -> None:
    """Simulate, store and serve the city in one process.

    REST, WebSocket, MCP and the map answer on --host and --port as soon as the history is written. The first
    start creates an API key and keeps it beside the store. Ctrl-C or SIGTERM ends the process; the next start
    continues and fills the gap. On a terminal a status line shows time, lag and requests; for a log line per
    request use `bus-simulator --log-file FILE run`.
    """
    has_endpoint = chosen["timestream_port"] is not None
    options.check_retention("timestream:" if has_endpoint else chosen["store"], chosen["keep_days"])
    from services.processes import all_in_one

    all_in_one.run(settings.Settings(**chosen), key_refresh)
