"""JSON bodies of interventions and the journal: pydantic models for OpenAPI, and functions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, RootModel

from services.queries.bodies import Body, ExactModel, Instant
from services.times import format_instant, parse_instant
from storage.journal import journal_digest
from storage.store import JournalEntry

Kind: TypeAlias = Literal[
    "breakdown", "closure", "slow_zone", "closed_stop", "surge", "strike", "weather", "control"
]
"""The kinds of disruptions that can be made while the city runs."""

Disruption: TypeAlias = Annotated[dict[Kind, dict[str, object]], Field(min_length=1, max_length=1)]
"""One disruption as in a scenario file: its kind, and that kind's fields."""


class DisruptionRequest(RootModel[Disruption]):
    """One disruption of the scenario vocabulary (docs/scenarios.md)."""


class InterventionBody(ExactModel):
    """A disruption made while the city ran; `ends` is null for one that goes on.

    `state`: `planned` before it takes effect, `active`, `ended`, or `withdrawn` if it was ended before.
    """

    id: str
    takes_effect: Instant
    ends: Instant | None
    state: Literal["planned", "active", "ended", "withdrawn"]
    disruption: dict[str, dict[str, object]]


class JournalBody(ExactModel):
    """The interventions of the run in the order in which they were made, at the simulated `time`.

    `digest` is the SHA-256 of all of them, empty for none.
    """

    time: Instant
    digest: str
    items: list[InterventionBody]


def intervention_body(entry: JournalEntry, now: datetime) -> Body:
    """An `InterventionBody`.

    A withdrawn one ends as it would take effect: its end in the journal is when it was withdrawn or earlier.
    """
    found = json.loads(entry.text)
    begins, ends = entry.takes_effect, None if found["ends"] is None else parse_instant(found["ends"])
    return {
        "id": found["id"],
        "takes_effect": format_instant(begins),
        "ends": None if ends is None else format_instant(max(begins, ends)),
        "state": state(begins, ends, now),
        "disruption": found["disruption"],
    }


def state(begins: datetime, ends: datetime | None, now: datetime) -> str:
    """The state of an intervention at `now`."""
    if ends is not None and ends <= begins:
        return "withdrawn"
    if ends is not None and ends <= now:
        return "ended"
    return "active" if begins <= now else "planned"


def journal_body(entries: Sequence[JournalEntry], now: datetime) -> Body:
    """A `JournalBody`."""
    return {
        "time": format_instant(now),
        "digest": journal_digest(entries),
        "items": [intervention_body(entry, now) for entry in entries],
    }
