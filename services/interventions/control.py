"""Control of a running city by interventions: the interface, and its refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from services.errors import BadRequest, Conflict
from services.times import format_instant
from storage.store import JournalEntry

if TYPE_CHECKING:
    from simulator.scenario.scenario import Scenario


class InterventionControl(Protocol):
    """Disturbs a running city. Threads may share it; may raise `Conflict` and `DependencyError`."""

    @property
    def scenario(self) -> Scenario | None:
        """The scenario of the city with its interventions; None for an undisturbed city."""

    def intervene(self, disruption: Mapping[str, object]) -> JournalEntry:
        """Make a disruption, in the vocabulary of scenario files, from its `from` on or as early as possible.

        Raises `InvalidDisruption`, and `TooEarly` where records from then on are stored.
        """

    def end(self, intervention_id: str) -> JournalEntry:
        """End an intervention as early as possible. Raises `NotFound`, and `Conflict` if it has ended."""


class InvalidDisruption(BadRequest):
    """A disruption that can't be made; `messages` has every reason."""

    def __init__(self, messages: Sequence[str]) -> None:
        super().__init__("; ".join(messages))
        self.messages = list(messages)

    @property
    def body(self) -> dict[str, object]:
        """The JSON body, with all reasons as `errors`."""
        return {**super().body, "errors": self.messages}


class TooEarly(Conflict):
    """Records from the wanted moment on are stored already; `earliest` is the first possible moment."""

    def __init__(self, earliest: datetime) -> None:
        moment = format_instant(earliest)
        super().__init__(f"Stored records can't change: the earliest possible moment is {moment}")
        self.earliest = moment

    @property
    def body(self) -> dict[str, object]:
        """The JSON body, with the earliest moment as `earliest`."""
        return {**super().body, "earliest": self.earliest}
