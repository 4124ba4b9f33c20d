"""A feeder's model that follows the journal of a store which other processes share.

Before each window the journal is read. An intervention takes effect later than it was stored, so that a
feeder which writes what is due has read of it in time, and one that was away finds it when it is back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from services.inputs.load import Inputs
from services.interventions.in_process import FollowingModel
from services.interventions.stored_journal import applied, base_scenario, journal_of
from storage.store import JournalEntry, Store


class FollowedJournal:
    """Lets a model follow a store's journal: before each window if `often`, else before the first one only.

    `inputs` are those of the run, without its journal.
    """

    def __init__(self, inputs: Inputs, model: FollowingModel, store: Store, *, often: bool) -> None:
        self._inputs, self._model, self._store, self._often = inputs, model, store, often
        self._known: Sequence[JournalEntry] | None = None
        self.scenario = inputs.scenario
        """The scenario that the model follows."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A block in which a window is simulated and written. Raises `StoreError`."""
        if self._often or self._known is None:
            self.follow()
        yield

    def follow(self) -> None:
        """Read the journal and let the model follow it. Raises `StoreError`."""
        entries = self._store.journal()
        if entries != (self._known or []):
            journal = journal_of(entries)
            self.scenario = applied(journal, base_scenario(self._inputs, journal))
            self._model.follow(self.scenario)
        self._known = entries
