"""`bus-simulator replay`: serve a scenario live."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from services import settings
from services.commands import options
from services.commands.options import option


@click.command(
    epilog="""\b
Examples:
  bus-simulator replay breakdown-at-rush-hour
  bus-simulator replay match-day --speed 300 --port 9000
  bus-simulator replay my-scenario.yaml --paused --clock-control"""
)
@click.argument("scenario")
@options.network_option
@options.seed_option
@option(
    "--store",
    metavar="URL",
    default=None,
    show_default="duckdb:var/SCENARIO.duckdb",
    help="Where the data are stored: duckdb:PATH.",
)
@option(
    "--speed",
    type=options.speed,
    default=None,
    show_default="the scenario's",
    help="Simulated seconds per second, or max.",
)
@option(
    "--at",
    type=options.time,
    default=None,
    show_default="the scenario's",
    help="Start the clock at this time.",
)
@option("--backfill", type=options.span, default="0", help="History to write before the start.")
@options.serving_options
@options.control_options
@options.ready_file_option
@options.timestream_port_option
@options.jobs_option
@options.new_inputs_option
def replay(*, scenario: str, key_refresh: timedelta, network: Path | None, **chosen: Any) -> None:
    """Serve SCENARIO live: the name of an included scenario, or a file.

    The file says which network and seed to use, when the clock starts and how fast it runs. Every replay
    serves the same data, byte for byte.
    """
    from services.console.work_progress import work_progress
    from services.inputs.load import load_scenario
    from services.processes import all_in_one

    with work_progress() as progress:
        found, _ = load_scenario(scenario, network, progress)
    chosen["at"] = chosen["at"] or found.start
    chosen["speed"] = chosen["speed"] or found.rate
    chosen["store"] = chosen["store"] or f"duckdb:var/{found.name}.duckdb"
    all_in_one.run(settings.Settings(scenario=scenario, network=network, **chosen), key_refresh)
