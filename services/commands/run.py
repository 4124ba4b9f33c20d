"""`bus-simulator run`: everything in one process."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import click

from services import options, settings
from services.options import option


@click.command(
    epilog="""\b
Examples:
  bus-simulator run
  bus-simulator run --at 2026-03-02T07:30+01:00 --speed 60 --store duckdb:/tmp/monday.duckdb
  bus-simulator run --at 2026-03-02T08:30+01:00 --paused --clock-control
  bus-simulator run --network my-lines.yaml --backfill 0 --port 9000"""
)
@options.network_option
@options.seed_option
@options.store_option
@option("--speed", type=options.speed, default="1", help="Simulated seconds a second, or max.")
@options.port_option
@options.host_option
@option("--at", type=options.time, default=None, help="Start the clock there instead of now.")
@option("--paused", is_flag=True, default=False, help="Start with the clock standing.")
@option(
    "--clock-control",
    is_flag=True,
    default=False,
    help="Let whoever has the key set, stop and move the clock (POST /clock).",
)
@option(
    "--backfill",
    type=options.span,
    default="24h",
    help="History before serving; then up to 5 days in the background. 0: none.",
)
@options.rate_limit_option
@options.daily_limit_option
@options.key_refresh_option
@options.jobs_option
@options.new_inputs_option
def run(
    *,
    network: Path,
    seed: int,
    store: str,
    speed: float,
    port: int,
    host: str,
    at: datetime | None,
    paused: bool,
    clock_control: bool,
    backfill: timedelta,
    rate_limit: float | None,
    daily_limit: int | None,
    key_refresh: timedelta,
    jobs: int | None,
    continue_with_new_inputs: bool,
) -> None:
    """Simulate, store and serve the city, all in this process.

    The REST API answers on --host and --port as soon as the history is there. At first start an API key is
    made and kept beside the store. SIGTERM or Ctrl-C ends cleanly; started again, it goes on.
    """
    from services import embedded
    from services.access import access, welcome
    from services.progress import shown

    chosen = settings.Settings(
        network=network,
        seed=seed,
        store=store,
        speed=speed,
        host=host,
        port=port,
        at=at,
        backfill=backfill,
        jobs=jobs,
        continue_with_new_inputs=continue_with_new_inputs,
        rate_limit=rate_limit,
        daily_limit=daily_limit,
        clock_control=clock_control,
        paused=paused,
    )
    watch = shown if sys.stderr.isatty() else embedded.unwatched
    with closing(embedded.listen(host, port)) as listener, embedded.assembled(chosen) as simulator:
        keys, key = access(store, refresh=key_refresh)
        click.echo(welcome(embedded.url_of(listener), key))
        with embedded.announced(store, listener) as snapshot_key:
            simulator.prepare(watch)
            simulator.serve(keys, snapshot_key, listener)
