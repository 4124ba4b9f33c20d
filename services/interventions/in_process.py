"""Interventions in a city that this process feeds, or that the feeders of other processes feed.

An intervention is made between two windows, while no feeder simulates or writes one: it is checked, stored,
and then the city goes on by it. The earliest moment is the first second from which no record is stored yet.
So a process that is killed has stored the intervention and no record that contradicts it, or neither.

Feeders of other processes can't be held up so. They simulate no record before its time, and read the journal
before each window: an intervention that is stored before its moment contradicts none. One that was stored
later, by a process that was held up, is withdrawn and made again for a later moment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
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
from services.times import SECOND, ceiling, format_instant
from simulator.clock import Clock
from simulator.journal import (
    Intervention,
    InterventionError,
    Journal,
    TooEarlyError,
    UnknownInterventionError,
)
from simulator.scenario.scenario import Scenario
from storage.errors import DependencyError, DependencyUnavailable, JournalChanged, WrittenAhead
from storage.journal import NEVER, first_open_second, refuse_long_text
from storage.store import JournalEntry, Store

log = logging.getLogger("bus_simulator.interventions")

LEAD_S = 10.0
"""Wall seconds after which an intervention counts at the earliest, where other processes feed the city."""

ATTEMPTS = 5
"""How often a change is tried while other processes change the journal, or if it is stored too late."""

PAUSE_S = 0.5
"""Wall seconds between the tries to withdraw a change that was stored too late."""


class StoredTooLate(JournalChanged):
    """A change reached the store only after its moment; it was withdrawn or not stored at all."""


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
        try:
            return change()
        except StoredTooLate as error:
            raise Conflict(str(error)) from error

    def _earliest(self) -> datetime:
        """The first second that is neither past nor written, nor too soon for feeders to learn of it."""
        self._refresh_clock()
        first = ceiling(self._clock.now() + self._lead(), SECOND)
        written = first_open_second(self._store.coverage)
        return first if written is None else max(first, written)

    def _lead(self) -> timedelta:
        pace = self._clock.pace  # infinite at the greatest speed, where feeders wait for nothing
        return timedelta(seconds=self._lead_s * pace) if isfinite(pace) else timedelta(0)

    def _keep(self, journal: Journal, changed: Intervention, changes_from: datetime) -> JournalEntry:
        """Store a changed intervention, then simulate by the journal that includes it."""
        entry, former = entry_of(changed), self._without(changed)
        try:
            refuse_long_text(former)
            self._refuse_late(changes_from - self._lead() / 2)
            self._store.record(entry, changes_from=changes_from)
            self._take_back_if_late(former, changes_from)
        except WrittenAhead as error:
            if self._model is None:  # overtaken by feeders since the earliest moment was found
                raise StoredTooLate(str(error)) from error
            raise TooEarly(error.earliest) from None
        except ValueError as error:
            raise InvalidDisruption([str(error)]) from None
        except DependencyError:
            # The store may have kept it: before the next window the journal is read again.
            self._is_doubtful = True
            raise
        self._follow(journal)
        return entry

    def _without(self, changed: Intervention) -> JournalEntry:
        """What undoes a change: the intervention as it was before; a new one ends before it began."""
        known = [each for each in self._journal.interventions if each.id == changed.id]
        return entry_of(known[0]) if known else entry_of(replace(changed, ends=changed.takes_effect))

    def _refuse_late(self, latest: datetime) -> None:
        """Raise `StoredTooLate` at or after an instant; never where this process holds the feeders up."""
        now = self._clock.now()
        if self._model is None and isfinite(self._clock.pace) and now >= latest:
            raise StoredTooLate(f"The store was too slow: at {format_instant(now)} the change came too late")

    def _take_back_if_late(self, former: JournalEntry, changes_from: datetime) -> None:
        """Undo a change, and raise `StoredTooLate`, unless it was stored before its moment.

        Until then other processes can have written windows without it, or be writing one.
        """
        with suppress(DependencyError):  # then as far as this process knows the clock
            self._refresh_clock()
        try:
            self._refuse_late(changes_from)
        except StoredTooLate:
            self._take_back(former)
            raise

    def _take_back(self, former: JournalEntry) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._store.journal()  # a journal in S3 is changed as it was read last
                self._store.record(former, changes_from=NEVER)
                break
            except DependencyError as error:
                if attempt == ATTEMPTS:
                    message = f"intervention {former.number} came too late and isn't withdrawn: {error}"
                    log.error(message)
                    raise DependencyUnavailable(message) from error  # it must not be made once more
                self._clock.rest(PAUSE_S)
        log.warning("intervention %s was stored too late, and withdrawn", former.number)

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
