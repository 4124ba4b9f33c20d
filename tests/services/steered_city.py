"""A live run of a small simulated city in threads, without a server, that a test disturbs and restarts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from services.access.authentication import ApiKey
from services.inputs.load import Inputs
from services.interventions.in_process import InProcessInterventions
from services.interventions.stored_journal import disturbed_inputs, stored_journal
from services.processes.all_in_one import AllInOne
from services.processes.history_writer import run_silently
from simulator.city import City
from simulator.clock import Clock
from storage.digest import stream_digest
from storage.duckdb_store import DuckDBStore
from storage.schema import Stream
from storage.store import Store
from tests.networks import line, network, street
from tests.services.fakes import NOW, RUN, HandWall
from tests.services.moved_city import SETTINGS, Moved

NETWORK = network(line("L1", street(4), buses=2), line("L2", street(4, first=3), buses=2, first_bus=3))
INPUTS = Inputs(NETWORK, 1, RUN)


class Steered(Moved):
    """The parts of the run, and the control of its interventions."""

    @property
    def interventions(self) -> InProcessInterventions:
        found = self.context.interventions
        assert isinstance(found, InProcessInterventions)
        return found


@contextmanager
def steered(
    folder: Path,
    *,
    start: datetime = NOW,
    rate: float = 1.0,
    opened: Store | None = None,
    inputs: Inputs = INPUTS,
) -> Iterator[Steered]:
    """A run over an open store, else the one in a folder, continued if there is one. Closes the store."""
    wall = HandWall()
    clock = Clock(start=start, rate=rate, wall=wall)
    with ExitStack() as stack:
        store = stack.enter_context(closing(opened or DuckDBStore(folder / "steered.duckdb")))
        city = stack.enter_context(closing(disturbed_inputs(inputs, stored_journal(store)).city(1)))
        interventions = InProcessInterventions(inputs, city, store, clock)
        settings = replace(SETTINGS, control=True)
        simulator = AllInOne(settings, inputs, city, store, clock, interventions=interventions)
        simulator.prepare(run_silently)
        context = simulator.context(ApiKey.of("right"), ApiKey.of("local"))
        failures: list[Exception] = []

        def fail(error: Exception) -> None:
            failures.append(error)
            clock.close()

        with simulator.feeding(fail):
            yield Steered(context, store, clock, wall)
        assert not failures


def check_bytes(store: Store) -> None:
    """Check that every covered interval has exactly the records of the run with its journal."""
    with closing(disturbed_inputs(INPUTS, stored_journal(store)).city(1)) as city:
        check_equal(store, city)


def check_equal(store: Store, city: City, until: datetime | None = None) -> None:
    """Check that every covered interval, up to an instant, has exactly the records of a city."""
    for stream in Stream:
        for held in store.coverage(stream):
            end = held.end if until is None else min(held.end, until)
            wanted = city.window(held.start, end, [stream])[stream]
            found = list(store.scan(stream, start=held.start, end=end))
            assert stream_digest(found, stream) == stream_digest([wanted], stream), (stream, held)
