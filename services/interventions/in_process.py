"""Interventions in a city that this process feeds, or that the feeders of other processes feed.

An intervention is made between two windows, while no feeder simulates or writes one: it is checked, stored,
and then the city goes on by it. The earliest moment is the first second from which no record is stored yet.
So a process that is killed has stored the intervention and no record that contradicts it, or neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from math import isfinite
from threading import Lock
from typing import Protocol

from services.errors import Conflict, NotFound, clipped
from services.feeders.write_gate import WriteGate
from services.inputs.load import Inputs
from services.interventions.control import InvalidDisruption, TooEarly
from services.interventions.stored_journal import (
    applied,
    base_scenario,
    disturbed_inputs,
    entry_of,
    stored_journal,
)
from services.interventions.written_ahead import written_ahead
from services.times import SECOND, ceiling
from simulator.clock import Clock
from simulator.journal import (
    Intervention,
    InterventionError,
    Journal,
    TooEarlyError,
    UnknownInterventionError,
)
from simulator.scenario.scenario import Scenario
from storage.errors import DependencyError, JournalChanged, WrittenAhead
from storage.journal import first_open_second
from storage.store import JournalEntry, Store

LEAD_S = 10.0
"""Wall seconds after which an intervention counts at the earliest, where other processes feed the city."""

ATTEMPTS = 5
"""How often a change is tried while other processes change the journal."""


class FollowingModel(Protocol):
    """The part of `simulator.city.City` that interventions use."""

    def follow(self, scenario: Scenario) -> None:
        """Simulate by another scenario from now on."""


class InProcessInterventions:
    """The interventions of a city, with those that the store has already.

    `inputs` are those of the run, without its journal; `model` follows the journal already. Feeders write
    their windows in blocks of `writing`. Where the feeders are other processes, there is no model: they
    read the store's journal, and have `lead_s` wall seconds to learn of a change before it counts;
    `refresh_clock` reads the clock that all share.
    """

    def __init__(
        self,
        inputs: Inputs,
        model: FollowingModel | None,
        store: Store,
        clock: Clock,
        *,
        lead_s: float = 0.0,
        refresh_clock: Callable[[], object] = lambda: None,
    ) -> None:
        self._inputs, self._model, self._store, self._clock = inputs, model, store, clock
        self._lead_s, self._refresh_clock = lead_s, refresh_clock
        self._gate, self._settling = WriteGate(), Lock()
        self._journal, self._is_doubtful = stored_journal(store), False
        self._scenario = disturbed_inputs(inputs, self._journal).scenario

    @property
    def scenario(self) -> Scenario | None:
        """See `InterventionControl`."""
        return self._scenario

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A block in which a window is simulated and written. Raises `StoreError`."""
        with self._gate.writing():
            self._settle()
            yield

    def written_ahead(self) -> str | None:
        """Why no intervention can count soon, because the store has later records; else None."""
        return written_ahead(self._store, self._clock.now())

    def follow_journal(self) -> None:
        """Go on by the store's journal, which other servers may have changed. Raises `StoreError`."""
        with self._gate.changing():
            self._settle()

    def intervene(self, disruption: Mapping[str, object]) -> JournalEntry:
        """See `InterventionControl`."""
        return self._repeated(lambda: self._intervened(disruption))

    def _intervened(self, disruption: Mapping[str, object]) -> JournalEntry:
        # Imported with the first request: the schema of scenario files takes long to make.
        from simulator.intervention_requests import intervention_from

        with self._gate.changing():
            self._settle()
            base = base_scenario(self._inputs, self._journal)
            try:
                wanted = intervention_from(
                    disruption, self._inputs.plain_network, base, self._journal, self._earliest()
                )
            except InterventionError as error:
                raise InvalidDisruption([*error.messages, *filter(None, [self.written_ahead()])]) from None
            except TooEarlyError as error:
                raise TooEarly(error.earliest) from None
            return self._keep(self._journal.including(wanted), wanted, wanted.takes_effect)

    def end(self, intervention_id: str) -> JournalEntry:
        """See `InterventionControl`."""
        return self._repeated(lambda: self._ended(intervention_id))

    def _ended(self, intervention_id: str) -> JournalEntry:
        with self._gate.changing():
            self._settle()
            moment = self._earliest()
            if all(each.id != intervention_id for each in self._journal.interventions):
                raise NotFound(f"Intervention {clipped(intervention_id)} not found")
            try:
                journal = self._journal.ended(intervention_id, moment)
            except UnknownInterventionError:
                raise Conflict(f"Intervention {intervention_id} has ended already") from None
            (over,) = (each for each in journal.interventions if each.id == intervention_id)
            return self._keep(journal, over, moment)

    def _repeated(self, change: Callable[[], JournalEntry]) -> JournalEntry:
        """Make a change again, by the newest journal, if another process has changed it meanwhile."""
        for _ in range(ATTEMPTS - 1):
            with suppress(JournalChanged):
                return change()
        return change()

    def _earliest(self) -> datetime:
        """The first second that is neither past nor written, nor too soon for feeders to learn of it."""
        self._refresh_clock()
        pace = self._clock.pace  # infinite at the greatest speed, where feeders wait for nothing
        lead = timedelta(seconds=self._lead_s * pace) if isfinite(pace) else timedelta(0)
        first = ceiling(self._clock.now() + lead, SECOND)
        written = first_open_second(self._store.coverage)
        return first if written is None else max(first, written)

    def _keep(self, journal: Journal, changed: Intervention, changes_from: datetime) -> JournalEntry:
        """Store a changed intervention, then simulate by the journal that includes it."""
        entry = entry_of(changed)
        try:
            self._store.record(entry, changes_from=changes_from)
        except WrittenAhead as error:
            raise TooEarly(error.earliest) from None
        except ValueError as error:
            raise InvalidDisruption([str(error)]) from None
        except DependencyError:
            # The store may have kept it: before the next window the journal is read again.
            self._is_doubtful = True
            raise
        self._follow(journal)
        return entry

    def _follow(self, journal: Journal) -> None:
        self._scenario = applied(journal, base_scenario(self._inputs, journal))
        if self._model is not None:
            self._model.follow(self._scenario)
        self._journal = journal

    def _settle(self) -> None:
        """After an error of the store, or where others may have changed it, read what it has kept.

        Raises `StoreError`.
        """
        with self._settling:
            if self._is_doubtful or self._model is None:
                self._follow(stored_journal(self._store))
                self._is_doubtful = False
