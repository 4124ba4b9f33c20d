"""`bus-simulator serve`: the services over a store that others fill."""

from __future__ import annotations

import math
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import click

from services import options
from services.inputs import DUCKDB
from services.options import option

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
@options.network_option
@options.seed_option
@options.scenario_option
@options.store_option
@option("--speed", type=options.speed, default="1", help="Simulated seconds a second.")
@options.port_option
@options.host_option
@option("--at", type=options.time, default=None, help="Start the clock there instead of now.")
@options.rate_limit_option
@options.daily_limit_option
@options.key_refresh_option
def serve(
    *,
    network: Path | None,
    seed: int | None,
    scenario: str | None,
    store: str,
    speed: float,
    port: int,
    host: str,
    at: datetime | None,
    rate_limit: float | None,
    daily_limit: int | None,
    key_refresh: timedelta,
) -> None:
    """Answer REST and WebSocket over a store that feeders fill, without feeding it.

    Needs a store that several processes share (timestream://). For a duckdb: store use `run`. New positions
    reach WebSocket clients when the store has them, a second later at most.
    """
    if store.startswith(DUCKDB):
        raise click.UsageError(ONE_PROCESS)
    if math.isinf(speed):
        raise click.UsageError("--speed max is for whoever feeds: without feeders time would stand still")
    from services import embedded
    from services.access import access, welcome
    from services.inputs import load_inputs, opened
    from services.limits import limits_for
    from services.live_poll import polled
    from services.serving import context_over
    from simulator.clock import Clock

    clock = Clock(start=at, rate=speed)
    inputs = load_inputs(network, seed, scenario)
    limits = limits_for(host, rate_per_s=rate_limit, per_day=daily_limit)
    with closing(opened(store)) as source, closing(embedded.listen(host, port)) as listener:
        keys, key = access(store, refresh=key_refresh)
        context = context_over(source, inputs=inputs, clock=clock, keys=keys, limits=limits)
        click.echo(welcome(embedded.url_of(listener), key))
        with embedded.closed_by_signals(clock), polled(context):
            embedded.web_server(context).run(sockets=[listener])
