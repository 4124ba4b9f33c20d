"""What serves a store without feeding it: the same application, without feeders."""

from __future__ import annotations

from importlib.metadata import version

from services.auth import Keys
from services.context import Context
from services.inputs import Inputs
from services.limits import Limits
from services.live import live_hub
from simulator.clock import Clock
from storage.runs import check_run
from storage.store import Store


def context_over(store: Store, *, inputs: Inputs, clock: Clock, keys: Keys, limits: Limits) -> Context:
    """What the services share. Raises `RunMismatch` for a store that another run made.

    The hub has no source: see `services.live_poll`.
    """
    check_run(store, inputs.run, continue_with_new_inputs=False)
    return Context(
        store=store,
        network=inputs.network,
        clock=clock,
        run=inputs.run,
        key=keys,
        version=version("bus-simulator"),
        live=live_hub(store, inputs.network, clock.now),
        limits=limits,
    )
