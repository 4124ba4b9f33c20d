"""The facts that the audit checks data against, from a network, a scenario and the model's constants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from services.inputs.load import Inputs
from services.interventions.stored_journal import disturbed_inputs
from simulator.day import cabin_co2
from simulator.journal import Journal
from simulator.network import Line, Network
from simulator.scenario.scenario import Scenario
from simulator.service_day import handover_ms
from simulator.types import to_datetime
from storage.audit_facts import AuditFacts, BusFacts, IrregularDay, PatternFacts, PatternStopFacts, StopFacts

A_DAY = timedelta(days=1)


def journal_facts(inputs: Inputs, journal: Journal, end: datetime | None) -> AuditFacts:
    """Return the facts of a run with its journal, whose data end at `end` (None without data)."""
    if not journal.interventions or end is None:
        return audit_facts(inputs.network, inputs.scenario)
    scenario = disturbed_inputs(inputs, journal).scenario
    made = min(each.takes_effect for each in journal.interventions)
    days = [made.date() - A_DAY, end.date() + A_DAY]
    if inputs.scenario is not None:
        days += [inputs.scenario.first_day, inputs.scenario.last_day]
    facts = audit_facts(inputs.network)
    irregular = () if scenario is None else tuple(_irregular(inputs.network, scenario, min(days), max(days)))
    return replace(facts, scenario_digest=inputs.run.scenario_digest, irregular_days=irregular)


def audit_facts(network: Network, scenario: Scenario | None = None) -> AuditFacts:
    """Return the facts of a network; the scenario has been applied to it already."""
    days = () if scenario is None else (scenario.first_day, scenario.last_day)
    return AuditFacts(
        network_digest=network.digest,
        scenario_digest="" if scenario is None else scenario.digest,
        buses=tuple(fact for line in network.lines for fact in _buses(line)),
        stops=tuple(StopFacts(s.stop_id, ",".join(network.lines_of_stop[s.stop_id])) for s in network.stops),
        patterns=tuple(fact for line in network.lines for fact in _patterns(line)),
        co2_outdoor_ppm=cabin_co2.OUTDOOR_PPM,
        exchange_closed_per_s=cabin_co2.CLOSED_PER_S,
        exchange_open_per_s=cabin_co2.OPEN_PER_S,
        irregular_days=() if scenario is None else tuple(_irregular(network, scenario, *days)),
    )


def _irregular(network: Network, scenario: Scenario, first: date, last: date) -> Iterator[IrregularDay]:
    """Yield the lines and service days, from `first` to `last`, on which a scenario may cut trips short."""
    for line in network.lines:
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            if scenario.on(line, day, network.lines_of_stop).disturbs_trips:
                bounds = (handover_ms(line, day), handover_ms(line, day + timedelta(days=1)))
                yield IrregularDay(line.line_id, *map(to_datetime, bounds))


def _buses(line: Line) -> list[BusFacts]:
    return [
        BusFacts(bus.bus_id, line.line_id, bus.capacity, cabin_co2.source_ppm_per_s(bus.capacity))
        for bus in line.buses
    ]


def _patterns(line: Line) -> list[PatternFacts]:
    return [
        PatternFacts(
            line.line_id,
            pattern.direction,
            pattern.pattern_id,
            tuple(
                PatternStopFacts(s.stop_id, s.distance_m, s.latitude, s.longitude, s.boarding, s.alighting)
                for s in pattern.stops
            ),
        )
        for pattern in line.patterns
    ]
