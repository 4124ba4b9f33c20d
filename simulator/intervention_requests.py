"""Making an intervention of a request: `intervention_from` checks it beside the scenario and the journal.

A request is one entry of the `disruptions` of a scenario file, such as `{"closure": {"line": "L1", "between":
["S003", "S006"], "detour_min": 5}}`. Without `from` (of a breakdown: `at`) it begins at the earliest moment,
rounded up to a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator.files.problems import Faults, InputFileError, Problem, quoted_value
from simulator.files.yaml_document import Document, text_document
from simulator.journal import (
    Disruption,
    Intervention,
    InterventionError,
    Journal,
    TooEarlyError,
    instant_as_text,
    service_day_of,
    whole_second,
)
from simulator.network import Network
from simulator.network_files.checks import find
from simulator.scenario.scenario import Scenario
from simulator.scenario_files.checks import check
from simulator.scenario_files.entries import DISRUPTIONS, subject
from simulator.scenario_files.fields import MOST, parsed_when
from simulator.scenario_files.schema import DisruptionEntry
from simulator.scenario_files.writer import scenario_document, scenario_yaml
from simulator.service_day import origin_ms
from simulator.types import to_datetime


def intervention_from(
    document: Any, network: Network, base_scenario: Scenario, journal: Journal, earliest: datetime
) -> Intervention:
    """The intervention that a request asks for; see the module.

    `network` is the run's, without the extra buses of the base scenario. InterventionError for an invalid
    disruption, or one that contradicts the scenario or another intervention; TooEarlyError for one that
    begins before `earliest`.
    """
    moment = whole_second(earliest)
    kind, fields = _kind_and_fields(document)
    start = "at" if kind == "breakdown" else "from"
    fields = {start: instant_as_text(moment)} | fields
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
        return instant_as_text(to_datetime(origin_ms(service_day_of(earliest)) + 1000 * when))
    return instant_as_text(when)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
