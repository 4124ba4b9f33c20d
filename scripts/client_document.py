"""The OpenAPI document that clients are generated from: that of a program with all of its routes.

Those with other APIs' formats are left out: they have clients already.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from services.access.authentication import ApiKey
from services.app import create_app
from services.context import Context
from services.feeders.clock_control import InProcessClockControl
from services.inputs.load import load_inputs
from services.interventions.in_process import InProcessInterventions
from services.live.live_hub import live_hub
from services.web import openapi
from simulator.clock import Clock
from storage.duckdb_store import DuckDBStore

NETWORK = Path(__file__).parent.parent / "data" / "lines.yaml"


def document() -> openapi.Json:
    """Return the description of an application with live data, whose clock and city can be controlled."""
    inputs = load_inputs(NETWORK, 1)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(DuckDBStore(Path(folder) / "bus.duckdb")) as store,
        closing(inputs.city(1)) as city,
        closing(Clock()) as clock,
    ):
        context = Context(
            store=store,
            network=inputs.network,
            clock=clock,
            run=inputs.run,
            key=ApiKey.of("unused"),
            version=version("bus-simulator"),
            control=InProcessClockControl(clock, city, store, inputs.run),
            interventions=InProcessInterventions(inputs, city, store, clock),
            live=live_hub(store, inputs.network, clock.now),
        )
        return openapi.own_document(openapi.document(create_app(context)))
