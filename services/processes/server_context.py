"""The context of a server that doesn't feed its store."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from services.access.allowed_hosts import AllowedHosts
from services.access.authentication import Keys
from services.access.rate_limits import Limits, RequestMeter
from services.context import Context, MapTiles, MonitoredFeeder
from services.feeders.clock_control import ClockControl
from services.inputs.load import Inputs
from services.interventions.control import InterventionControl
from services.live.connection import ConnectionObserver
from services.live.live_hub import live_hub
from services.reports.kept_comparisons import KeptJournalCosts, ServiceComparisons
from simulator.clock import Clock
from storage.runs import check_run
from storage.store import Store


def context_over(
    store: Store,
    *,
    inputs: Inputs,
    clock: Clock,
    keys: Keys,
    limits: Limits,
    hosts: AllowedHosts,
    meter: RequestMeter | None = None,
    continue_with_new_inputs: bool = False,
    control: ClockControl | None = None,
    interventions: InterventionControl | None = None,
    feeders: Sequence[MonitoredFeeder] = (),
    observer: ConnectionObserver | None = None,
    open_feeds: bool = False,
    map_tiles: MapTiles | None = None,
) -> Context:
    """The context of a server over a store. Raises `RunMismatch` for a store that another run wrote.

    Its hub gets no positions by itself: see `services.processes.live_sources`.
    """
    check_run(
        store,
        inputs.run,
        continue_with_new_inputs=continue_with_new_inputs,
        scenario_words=inputs.scenario_words,
    )
    return Context(
        store=store,
        scenario_at_start=inputs.scenario,
        mcp_hosts=hosts,
        open_feeds=open_feeds,
        map_tiles=map_tiles,
        network=inputs.network,
        clock=clock,
        run=inputs.run,
        key=keys,
        version=version("bus-simulator"),
        live=live_hub(store, inputs.network, clock.now, observer=observer),
        limits=limits,
        meter=meter,
        control=control,
        interventions=interventions,
        feeders=feeders,
        compare=ServiceComparisons(inputs, clock.now),
        costs=KeptJournalCosts(inputs, store, clock.now),
    )
