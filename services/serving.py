"""What serves a store without feeding it: the same application, without feeders."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from importlib.metadata import version

from services import embedded
from services.access import Greet, access, greet
from services.allowed_hosts import AllowedHosts, hosts_for
from services.auth import Keys
from services.context import Context
from services.inputs import Inputs, load_inputs, opened
from services.limits import Limits, limits_for
from services.live import live_hub
from services.live_poll import polled
from services.settings import Settings
from simulator.clock import Clock
from storage.runs import check_run
from storage.store import Store


def serve_store(settings: Settings, key_refresh: timedelta, *, greet: Greet = greet) -> None:
    """Serve a store that others fill, until told to end; key files are looked at every `key_refresh`."""
    clock = Clock(start=settings.at, rate=settings.speed)
    inputs = load_inputs(settings.network, settings.seed, settings.scenario)
    limits = limits_for(settings.host, rate_per_s=settings.rate_limit, per_day=settings.daily_limit)
    hosts = hosts_for(settings.host, settings.allowed_hosts)
    with (
        closing(opened(settings.store)) as store,
        closing(embedded.listen(settings.host, settings.port)) as listener,
    ):
        keys, key = access(settings.store, refresh=key_refresh)
        context = context_over(store, inputs=inputs, clock=clock, keys=keys, limits=limits, hosts=hosts)
        greet(embedded.url_of(listener), key)
        with embedded.closed_by_signals(clock), polled(context):
            embedded.web_server(context).run(sockets=[listener])


def context_over(
    store: Store, *, inputs: Inputs, clock: Clock, keys: Keys, limits: Limits, hosts: AllowedHosts
) -> Context:
    """What the services share. Raises `RunMismatch` for a store that another run made.

    The hub has no source: see `services.live_poll`.
    """
    check_run(store, inputs.run, continue_with_new_inputs=False)
    return Context(
        store=store,
        scenario=inputs.scenario,
        mcp_hosts=hosts,
        network=inputs.network,
        clock=clock,
        run=inputs.run,
        key=keys,
        version=version("bus-simulator"),
        live=live_hub(store, inputs.network, clock.now),
        limits=limits,
    )
