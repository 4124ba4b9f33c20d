"""The journal of a store as one of the simulator, and the inputs of a run with its journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from simulator.journal import DAY_BEGINS, Intervention, Journal, undisturbed
from simulator.service_day import MADRID
from storage.errors import StoreInvalid
from storage.schema import Stream
from storage.store import JournalEntry, Store

if TYPE_CHECKING:
    from services.inputs.load import Inputs
    from simulator.scenario.scenario import Scenario

ANY_DAY = date(1970, 1, 1)
"""The day of a base scenario without interventions, which changes nothing."""


def stored_journal(store: Store) -> Journal:
    """Return the journal that a store keeps. Raises `StoreInvalid` for entries that can't be read."""
    return journal_of(store.journal())


def journal_of(entries: Sequence[JournalEntry]) -> Journal:
    """Return the journal of a store's entries. Raises `StoreInvalid` for entries that can't be read."""
    try:
        texts = (entry.text for entry in entries)
        return Journal(tuple(Intervention.of_json(json.loads(text)) for text in texts))
    except (ValueError, TypeError, KeyError) as error:
        raise StoreInvalid(f"the store's journal can't be read: {error!r}") from error


def covered_end(store: Store) -> datetime | None:
    """The end of all coverage; None for a store without data."""
    return max((held.end for stream in Stream for held in store.coverage(stream)), default=None)


def entry_of(intervention: Intervention) -> JournalEntry:
    """Return an intervention as the store keeps it."""
    text = json.dumps(intervention.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return JournalEntry(int(intervention.id), intervention.takes_effect, text)


def base_scenario(inputs: Inputs, journal: Journal) -> Scenario:
    """Return the scenario of a run without its journal; for a run without one, one that changes nothing."""
    return _base(inputs.scenario, inputs.seed, journal)


def _base(scenario: Scenario | None, seed: int, journal: Journal) -> Scenario:
    if scenario is not None:
        return scenario
    made = [each.takes_effect for each in journal.interventions]
    day = (min(made).astimezone(MADRID) - DAY_BEGINS).date() if made else ANY_DAY
    return undisturbed(day, seed=seed)


def disturbed_scenario(scenario: Scenario | None, seed: int, journal: Journal) -> Scenario | None:
    """Return the scenario of a run, None for none, with its journal."""
    return applied(journal, _base(scenario, seed, journal)) if journal.interventions else scenario


def disturbed_inputs(inputs: Inputs, journal: Journal) -> Inputs:
    """Return the inputs whose scenario includes the journal. The run stays that of the base scenario."""
    if not journal.interventions:
        return inputs
    return replace(inputs, scenario=applied(journal, base_scenario(inputs, journal)))


def applied(journal: Journal, base: Scenario) -> Scenario:
    """Return a base scenario with a store's journal. Raises `StoreInvalid` for an unknown disruption.

    Of several programs over one store, a newer one may have made it.
    """
    try:
        return journal.applied_to(base)
    except ValueError as error:
        said = " ".join(line.strip() for line in str(error).splitlines()[1:3])
        raise StoreInvalid(
            f"the store's journal has an intervention that this version doesn't know, so update it: {said}"
        ) from error
