"""A journal: the disruptions that were made while a city ran, beside the scenario it runs by.

A run is its base scenario and its journal: `journal.applied_to(base)` is the scenario of both, with which a
`City` gives the run's data byte for byte. What an intervention changes begins at `takes_effect`: no record
before that instant differs from those without it (invariant I11), and lines that it doesn't concern keep
every byte. So a running city takes a new journal by `city.follow(journal.applied_to(base))`.

- `intervention_from(document, network, base, journal, earliest)` checks a request: `document` is one entry of
  the `disruptions` of a scenario file, such as `{"closure": {"line": "L1", "between": ["S003", "S006"],
  "detour_min": 5}}`. Without `from` (of a breakdown: `at`) it begins at `earliest`, rounded up to a second.
  `InterventionError` has everything that is wrong with it, `TooEarlyError` the earliest moment.
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

from simulator.files.problems import Faults, InputFileError, Problem, quoted_value
from simulator.files.yaml_document import Document, text_document
from simulator.network import Network
from simulator.network_files.checks import find
from simulator.scenario.scenario import Scenario
from simulator.scenario_files.checks import check
from simulator.scenario_files.disruptions import with_disruptions
from simulator.scenario_files.entries import DISRUPTIONS, subject
from simulator.scenario_files.entry_times import instant_text
from simulator.scenario_files.fields import MOST, parsed_when
from simulator.scenario_files.schema import DisruptionEntry
from simulator.scenario_files.writer import scenario_document, scenario_yaml
from simulator.service_day import MADRID, origin_ms
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
        super().__init__(f"data are written until {_text(earliest)}: this is the earliest possible moment")


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
            "takes_effect": _text(self.takes_effect),
            "disruption": {kind: dict(fields) for kind, fields in self.disruption.items()},
            "ends": None if self.ends is None else _text(self.ends),
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> Intervention:
        """The intervention of a JSON object that `as_json` gave."""
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
        moment = _whole_second(at)
        found = [each for each in self.interventions if each.id == intervention_id]
        if not found or (found[0].ends is not None and found[0].ends <= moment):
            known = "has ended already" if found else "isn't in the journal"
            raise UnknownInterventionError(f"intervention {quoted_value(intervention_id)} {known}")
        fields = dict(found[0].disruption[found[0].kind]) | {"to": _text(moment)}
        over = dataclasses.replace(found[0], ends=moment, disruption={found[0].kind: fields})
        return Journal(tuple(over if each is found[0] else each for each in self.interventions))

    def applied_to(self, base: Scenario) -> Scenario:
        """The scenario of a run: its base scenario and this journal.

        If the base changes nothing its dates are extended to those of the interventions.
        """
        counting = [each for each in self.interventions if not each.withdrawn]
        entries = [DisruptionEntry.model_validate(each.disruption) for each in counting]
        scenario = with_disruptions(base, entries)
        if base.digest or base.wire_faults or not counting:
            return scenario
        days = [base.first_day, base.last_day]
        days += [_service_day(each) for i in counting for each in (i.takes_effect, i.ends) if each]
        return dataclasses.replace(scenario, first_day=min(days), last_day=max(days))

    def as_scenario_yaml(self, base: Scenario) -> str:
        """The run as a scenario file. Loaded and simulated it gives the same bytes."""
        return scenario_yaml(scenario_document(self.applied_to(base)))


EMPTY = Journal()


def undisturbed(day: date, *, seed: int, network: str | None = None) -> Scenario:
    """The base scenario of a run without one; see `Scenario` for `network`."""
    return Scenario("undisturbed", day, day, seed=seed, network=network)


def intervention_from(
    document: Any, network: Network, base_scenario: Scenario, journal: Journal, earliest: datetime
) -> Intervention:
    """The intervention that a request asks for; see the module.

    `network` is the run's, without the extra buses of the base scenario. InterventionError for an invalid
    disruption, or one that contradicts the scenario or another intervention; TooEarlyError for one that
    begins before `earliest`.
    """
    moment = _whole_second(earliest)
    kind, fields = _kind_and_fields(document)
    start = "at" if kind == "breakdown" else "from"
    fields = {start: _text(moment)} | fields
    for name in (start, "to"):
        fields[name] = _as_instant(fields[name], moment) if name in fields else None
    fields = {name: value for name, value in fields.items() if value is not None}
    number = str(len(journal.interventions) + 1)
    _check({kind: fields}, network, base_scenario, journal, moment)
    takes_effect = _instant(fields[start])
    if takes_effect < moment:
        raise TooEarlyError(moment)
    ends = _instant(fields["to"]) if "to" in fields else None
    return Intervention(number, takes_effect, {kind: fields}, ends)


def _kind_and_fields(document: Any) -> tuple[str, dict[str, Any]]:
    kinds = ", ".join(kind for kind in DISRUPTIONS if kind != "extra_buses")
    if not isinstance(document, Mapping) or len(document) != 1:
        raise InterventionError([f"must be an object with one of {kinds}"])
    kind, fields = next(iter(document.items()))
    if kind == "extra_buses":
        raise InterventionError(
            ["extra_buses: they change the network: give them in the scenario of the run"]
        )
    if kind not in DISRUPTIONS:
        raise InterventionError([f"unknown kind {quoted_value(kind)}: must be one of {kinds}"])
    if not isinstance(fields, Mapping):
        raise InterventionError([f"{kind}: must be an object of fields, got {quoted_value(fields)}"])
    return kind, dict(fields)


def _check(
    disruption: Disruption, network: Network, base: Scenario, journal: Journal, earliest: datetime
) -> None:
    """InterventionError unless a disruption is valid beside the scenario and the journal."""
    going_on = [each for each in journal.interventions if each.ends is None or each.ends > earliest]
    going_on = [each for each in going_on if not each.withdrawn]
    names = [f"in intervention {each.id}" for each in going_on]
    before = scenario_document(base)
    before["disruptions"] = [
        *before.get("disruptions", ()),
        *(each.as_json()["disruption"] for each in going_on),
    ]
    if len(before["disruptions"]) >= MOST:
        raise InterventionError([f"scenario and journal have {MOST} disruptions already, the most possible"])
    after = before | {"disruptions": [*before["disruptions"], disruption]}
    try:
        document = _document(after, [*names, "in this intervention"])
        known = check(_document(before, names), network) if before["disruptions"] else []
    except InputFileError as error:
        raise InterventionError([problem.message for problem in error.problems]) from error
    *_, (loc, data) = find(document.data, ("disruptions", "*"))
    faults: Faults = []
    document.validated(loc, data, DisruptionEntry, faults)
    faults += [fault for fault in check(document, network) if fault not in known]
    if faults:
        raise InterventionError(list(dict.fromkeys(_message(*fault) for fault in faults)))


def _message(loc: tuple[str | int, ...], message: str) -> str:
    inside = subject(loc)
    return Problem("", 1, f"{inside}: {message}" if inside else message).message


def _document(data: dict[str, Any], names: list[str]) -> Document:
    """Data of a scenario file, as a document whose last disruptions have `names`."""
    text = scenario_yaml(data).encode("utf-8", "replace").decode()
    document = text_document(
        "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
    )
    count = text.count("\n")
    # A disruption has a line of its own; nothing but `wire` follows the disruptions.
    after = count - len(data.get("wire", ())) - ("wire" in data)
    document.named_lines = dict.fromkeys(range(1, count + 1), "in the scenario")
    first = after - len(names) + 1
    document.named_lines |= {first + number: name for number, name in enumerate(names)}
    return document


def _as_instant(value: Any, earliest: datetime) -> Any:
    """A time as an instant's text: a time of day is that of the service day in progress.

    What isn't a time stays, for the check to report.
    """
    try:
        when = parsed_when(value)
    except ValueError:
        return value
    if isinstance(when, int):
        return _text(to_datetime(origin_ms(_service_day(earliest)) + 1000 * when))
    return _text(when)


def _service_day(instant: datetime) -> date:
    return (instant.astimezone(MADRID) - DAY_BEGINS).date()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(instant: datetime) -> str:
    return instant_text(to_ms(instant))


def _whole_second(instant: datetime) -> datetime:
    """An instant rounded up to a second, UTC."""
    return to_datetime(-(-to_ms(instant) // 1000) * 1000).astimezone(UTC)
