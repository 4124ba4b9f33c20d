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
  bus-simulator run --network my-lines.yaml --backfill 0 --port 9000"""
)
@options.network_option
@options.seed_option
@options.store_option
@option("--speed", type=options.speed, default="1", help="Simulated seconds a second, or max.")
@option("--port", type=click.IntRange(0, 65535), default=8080, help="0 takes a free one.")
@option("--host", default="127.0.0.1", help="The address to listen on.")
@option("--at", type=options.time, default=None, help="Start the clock there instead of now.")
@option(
    "--backfill",
    type=options.span,
    default="24h",
    help="History before serving; then up to 5 days in the background. 0: none.",
)
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
    backfill: timedelta,
    jobs: int | None,
    continue_with_new_inputs: bool,
) -> None:
    """Simulate, store and serve the city, all in this process.

    The REST API answers on --host and --port as soon as the history is there. At first start an API key is
    made and kept beside the store. SIGTERM or Ctrl-C ends cleanly; started again, it goes on.
    """
    from services import embedded
    from services.auth import local_key
    from services.inputs import beside
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
    )
    watch = shown if sys.stderr.isatty() else embedded.unwatched
    with closing(embedded.listen(host, port)) as listener, embedded.assembled(chosen) as simulator:
        key = local_key(settings.api_key(), beside(store, ".api-key"))
        click.echo(welcome(embedded.url_of(listener), key.text if key.is_new else None, key.path))
        with embedded.announced(store, listener) as snapshot_key:
            simulator.prepare(watch)
            simulator.serve(key.text, snapshot_key, listener)


def welcome(url: str, new_key: str | None, key_file: Path | None) -> str:
    """Where the API is and how to ask it; the key itself only when it was made just now."""
    if new_key is not None:
        shown = new_key
        where = f"API key (new, kept in {key_file}): {new_key}"
    elif key_file is not None:
        shown = f"$(cat {key_file})"
        where = f"API key: in {key_file}"
    else:
        shown = "$BUS_SIMULATOR_API_KEY"
        where = "API key: from BUS_SIMULATOR_API_KEY"
    asks = ("people-count/S001?mode=latest", "bus-position/line/L1?mode=latest")
    curls = [f'  curl -H "x-api-key: {shown}" -H "x-group-name: me" "{url}/{ask}"' for ask in asks]
    return "\n".join((f"Madrid Bus Real-Time Simulator at {url}", where, *curls))
