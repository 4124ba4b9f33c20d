"""The parts of a deployment in threads: three feeder processes and a server beside a Timestream endpoint.

Each part has a connection and a model of its own; they share the clock, as an SSM parameter would let them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from services.background import background
from services.feeders.feeder import FEEDERS, FeederKind, FeederStatus
from services.inputs.network_reload import fixed_inputs
from services.interventions.in_process import LEAD_S, InProcessInterventions
from services.processes.feeder_listeners import FeederListeners
from services.processes.feeder_process import FeederProcess
from services.processes.feeder_settings import FeederSettings
from services.processes.process_setup import ProcessSettings, ProcessSetup, journaled
from services.times import floor
from simulator.clock import Clock
from storage.store import Store
from tests import timestream_endpoint
from tests.services.fakes import NOW, HandWall
from tests.services.steered_city import INPUTS


class SteeredParts:
    """The parts: `interventions` is the server's control, `store` what a reader of the store sees."""

    def __init__(self, store: Store, journal_object: str | None) -> None:
        self.wall = HandWall()
        self.clock = Clock(start=NOW, wall=self.wall)
        self.store = store
        inputs = fixed_inputs(INPUTS)
        self._setup = ProcessSetup(
            ProcessSettings(None, 1, None, "unused", journal_object=journal_object), self.clock, inputs
        )
        self.interventions = InProcessInterventions(INPUTS, None, store, self.clock, lead_s=LEAD_S)
        self._statuses: dict[str, FeederStatus] = {}

    def feed(self, kind: FeederKind, folder: Path) -> None:
        """Run a feeder process until the clock is closed."""
        listeners = FeederListeners()
        listeners.on_status.append(self._note)
        journal_object = self._setup.settings.journal_object
        settings = FeederSettings(kind, jobs=1, control=journal_object is None)
        with closing(timestream_endpoint.open_shared(folder)) as store:
            shared = journaled(store, journal_object, copies=True)
            FeederProcess(self._setup, settings, shared, listeners).run_until_closed()

    def settle(self) -> None:
        """Wait until the feeders have written what is due now."""
        self.wall.wait_until(lambda: all(map(self._is_up_to_date, FEEDERS)))

    def _note(self, status: FeederStatus) -> None:
        self._statuses[status.name] = status

    def _is_up_to_date(self, kind: FeederKind) -> bool:
        status = self._statuses.get(kind.name)
        return status is not None and status.last_tick >= floor(self.clock.now(), kind.cadence)


@contextmanager
def steered_parts(folder: Path, journal_object: str | None = None) -> Iterator[SteeredParts]:
    """Parts over an empty database; their journal is in the store, or the object at a URL."""
    failures: list[Exception] = []
    with ExitStack() as stack:
        store = stack.enter_context(closing(timestream_endpoint.open_shared(folder)))
        parts = SteeredParts(journaled(store, journal_object), journal_object)

        def fail(error: Exception) -> None:
            failures.append(error)
            parts.clock.close()

        for kind in FEEDERS:

            def job(kind: FeederKind = kind) -> None:
                parts.feed(kind, folder)

            stack.enter_context(background(job, name=kind.name, stop=parts.clock.close, on_failure=fail))
        yield parts
    assert not failures
