"""The scenario of a city that other processes simulate and disturb: the run's, with the interventions."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from services.refreshed_value import RefreshedValue
from storage.errors import DependencyError
from storage.store import JournalEntry, Store

if TYPE_CHECKING:
    from simulator.scenario.scenario import Scenario

log = logging.getLogger("bus_simulator.interventions")

CHECK_S = 1.0
"""How long a journal that was read counts as current."""


class _Current(NamedTuple):
    scenario: Scenario | None


class FollowedScenario:
    """Follows a store's journal as feeders do. While that can't be read, the last scenario stays.

    `scenario` is that of the run without its journal, None for none. Reading the journal must cost little: it
    is read once a second.
    """

    def __init__(
        self,
        scenario: Scenario | None,
        seed: int,
        store: Store,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base, self._seed, self._store = scenario, seed, store
        self._known: Sequence[JournalEntry] = []
        self._current = RefreshedValue(
            self._read,
            errors=(DependencyError,),
            on_error=lambda error: log.warning("journal not read, keeping the last scenario: %s", error),
            initial=_Current(scenario),
            refresh_s=CHECK_S,
            now_s=now_s,
        )

    def current(self) -> Scenario | None:
        """The scenario with the interventions so far, None for an undisturbed city."""
        return self._current.get().scenario

    def _read(self) -> _Current | None:
        """The scenario with the journal, None if that is the one read last."""
        entries = self._store.journal()
        if list(entries) == list(self._known):
            return None
        # Here, since it takes time to import, and most deployments have no interventions.
        from services.interventions.stored_journal import disturbed_scenario, journal_of

        disturbed = disturbed_scenario(self._base, self._seed, journal_of(entries))
        self._known = entries
        return _Current(disturbed)
