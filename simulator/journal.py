"""A journal: the disruptions that were made while a city ran, beside the scenario it runs by.

A run is its base scenario and its journal: `journal.applied_to(base)` is the scenario of both, with which a
`City` gives the run's data byte for byte. What an intervention changes begins at `takes_effect`: no record
before that instant differs from those without it (invariant I11), and lines that it doesn't concern keep
every byte. So a running city takes a new journal by `city.follow(journal.applied_to(base))`.

- `simulator.intervention_requests` makes an intervention of a request.
- `journal.including(intervention)`, `journal.ended(id, at)`: the next journal. An intervention that is ended
  before it began is `withdrawn`: it stays in the journal and changes nothing. Ending a breakdown repairs the
  bus at that moment; if it hasn't broken down yet, it doesn't.
- `journal.to_json()`, `Journal.from_json(text)`, `journal.digest` ("" for an empty one).
- `journal.as_scenario_yaml(base)`: the run as a scenario file.

`base` is the scenario of the run; for a run without one give `undisturbed(day, seed=…)` with any day.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from simulator.files.problems import quoted_value
from simulator.scenario.scenario import Scenario
from simulator.service_day import MADRID
from simulator.types import to_datetime, to_ms

Disruption = Mapping[str, Mapping[str, Any]]
"""An entry of a scenario file's `disruptions`, as JSON: its kind, and that kind's fields."""

DAY_BEGINS = timedelta(hours=4)
"""A time of day such as "25:30" belongs to the service day that began at four in the morning."""


class InterventionError(ValueError):
    """A disruption that can't be made: `messages` has every reason, and str() a line for each."""

    def __init__(self, messages: list[str]) -> None:
        self.messages = messages
        super().__init__("\n".join(messages))


class TooEarlyError(ValueError):
    """A disruption that would begin, or end, before the `earliest` possible moment."""

    def __init__(self, earliest: datetime) -> None:
        self.earliest = earliest
        super().__init__(
            f"data are written until {instant_as_text(earliest)}: this is the earliest possible moment"
        )


class UnknownInterventionError(LookupError):
    """The journal has no intervention with this id, or it has ended."""


@dataclass(frozen=True, slots=True)
class Intervention:
    """A disruption made while the city ran; its `from` (of a breakdown: `at`) and `to` are instants.

    It takes effect at its `from`; `ends` is its `to`, None for one that doesn't end by itself. A `withdrawn`
    one was ended before it began.
    """

    id: str
    takes_effect: datetime
    disruption: Disruption
    ends: datetime | None = None

    @property
    def withdrawn(self) -> bool:
        """Whether it was ended before it began."""
        return self.ends is not None and self.ends <= self.takes_effect

    @property
    def kind(self) -> str:
        """The kind of disruption, such as "closure"."""
        return next(iter(self.disruption))

    def as_json(self) -> dict[str, Any]:
        """As a JSON object: `id`, `takes_effect`, `disruption`, `ends`."""
        return {
            "id": self.id,
            "takes_effect": instant_as_text(self.takes_effect),
            "disruption": {kind: dict(fields) for kind, fields in self.disruption.items()},
            "ends": None if self.ends is None else instant_as_text(self.ends),
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Intervention:
        """The intervention of a JSON object that `as_json` gave. ValueError for one with other fields."""
        if unknown := sorted(value.keys() - {field.name for field in dataclasses.fields(cls)}):
            raise ValueError(
                f"an intervention has fields that this version doesn't know ({', '.join(unknown)}): a newer "
                "one made it, so update this one"
            )
        ends = value["ends"]
        takes_effect = datetime.fromisoformat(value["takes_effect"])
        return cls(
            value["id"],
            takes_effect,
            value["disruption"],
            None if ends is None else datetime.fromisoformat(ends),
        )


@dataclass(frozen=True, slots=True)
class Journal:
    """The interventions of a run, in the order in which they were made."""

    interventions: tuple[Intervention, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 in hex of the journal; empty for an empty one."""
        return hashlib.sha256(self.to_json().encode()).hexdigest() if self.interventions else ""

    def to_json(self) -> str:
        """The journal as JSON, always the same text for equal journals."""
        items = [each.as_json() for each in self.interventions]
        return json.dumps(items, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Journal:
        """The journal of a text that `to_json` gave."""
        return cls(tuple(Intervention.of_json(each) for each in json.loads(text)))

    def including(self, intervention: Intervention) -> Journal:
        """The journal with one more intervention."""
        return Journal((*self.interventions, intervention))

    def ended(self, intervention_id: str, at: datetime) -> Journal:
        """The journal in which an intervention ends at an instant, rounded up to a second.

        UnknownInterventionError unless it has the intervention and it goes on until after that instant.
        """
        moment = whole_second(at)
        found = [each for each in self.interventions if each.id == intervention_id]
        if not found or (found[0].ends is not None and found[0].ends <= moment):
            known = "has ended already" if found else "isn't in the journal"
            raise UnknownInterventionError(f"intervention {quoted_value(intervention_id)} {known}")
        fields = dict(found[0].disruption[found[0].kind]) | {"to": instant_as_text(moment)}
        over = dataclasses.replace(found[0], ends=moment, disruption={found[0].kind: fields})
        return Journal(tuple(over if each is found[0] else each for each in self.interventions))

    def applied_to(self, base: Scenario) -> Scenario:
        """The scenario of a run: its base scenario and this journal.

        If the base changes nothing its dates are extended to those of the interventions.
        """
        # Imported when there is a journal: the schema of scenario files takes long to make.
        from simulator.scenario_files.disruptions import with_disruptions
        from simulator.scenario_files.schema import DisruptionEntry

        counting = [each for each in self.interventions if not each.withdrawn]
        entries = [DisruptionEntry.model_validate(each.disruption) for each in counting]
        scenario = with_disruptions(base, entries)
        if base.digest or base.wire_faults or not counting:
            return scenario
        days = [base.first_day, base.last_day]
        days += [service_day_of(each) for i in counting for each in (i.takes_effect, i.ends) if each]
        return dataclasses.replace(scenario, first_day=min(days), last_day=max(days))

    def as_scenario_yaml(self, base: Scenario) -> str:
        """The run as a scenario file. Loaded and simulated it gives the same bytes."""
        from simulator.scenario_files.writer import scenario_document, scenario_yaml

        return scenario_yaml(scenario_document(self.applied_to(base)))


EMPTY = Journal()


def undisturbed(day: date, *, seed: int, network: str | None = None) -> Scenario:
    """The base scenario of a run without one; see `Scenario` for `network`."""
    return Scenario("undisturbed", day, day, seed=seed, network=network)


def service_day_of(instant: datetime) -> date:
    """The service day to which an instant belongs."""
    return (instant.astimezone(MADRID) - DAY_BEGINS).date()


def instant_as_text(instant: datetime) -> str:
    """An instant as scenario files have it."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def whole_second(instant: datetime) -> datetime:
    """An instant rounded up to a second, UTC."""
    return to_datetime(-(-to_ms(instant) // 1000) * 1000).astimezone(UTC)
