"""`bus-simulator feed`: one feeder as a process of its own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from services import options
from services.feeder import FEEDERS
from services.inputs import DUCKDB
from services.options import option

ONE_PROCESS = (
    "a duckdb: store is held by one process, so that nobody else could feed or serve it; "
    "`bus-simulator run` feeds and serves it in one process"
)
KINDS = {kind.name: kind for kind in FEEDERS}


@click.command(
    epilog="""\b
Examples:
  bus-simulator feed bus-position --store 'timestream://bus_simulator?region=eu-west-1'
  bus-simulator feed sensors --store 'timestream://bus_simulator?region=eu-west-1&endpoint_url=http://127.0.0.1:8086'"""
)
@click.argument("feeder", type=click.Choice(list(KINDS)))
@options.network_option
@options.seed_option
@options.scenario_option
@options.store_option
@option("--speed", type=options.speed, default="1", help="Simulated seconds a second, or max.")
@option("--at", type=options.time, default=None, help="Start the clock there instead of now.")
@options.jobs_option
@options.new_inputs_option
def feed(
    *,
    feeder: str,
    network: Path | None,
    seed: int | None,
    scenario: str | None,
    store: str,
    speed: float,
    at: datetime | None,
    jobs: int | None,
    continue_with_new_inputs: bool,
) -> None:
    """Write a feeder's streams into a store that several processes share, tick by tick.

    bus-position writes stop visits, too. Begins with the hour that now is in, or where an earlier process
    ended; history is for `backfill`. SIGTERM or Ctrl-C ends it after the tick in hand.
    """
    if store.startswith(DUCKDB):
        raise click.UsageError(ONE_PROCESS)
    from services import feeding
    from services.embedded import closed_by_signals
    from services.inputs import load_inputs
    from simulator.clock import Clock

    clock = Clock(start=at, rate=speed)
    with closed_by_signals(clock):
        feeding.feed(
            KINDS[feeder],
            inputs=load_inputs(network, seed, scenario),
            store=store,
            clock=clock,
            jobs=jobs,
            continue_with_new_inputs=continue_with_new_inputs,
        )
