"""Interventions of every kind on any network, for property tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from simulator.intervention_requests import intervention_from
from simulator.journal import InterventionError, Journal
from simulator.network import Line, Network
from simulator.scenario.scenario import Scenario
from tests.scenarios import sections, turns_back

Document = dict[str, dict[str, Any]]


@st.composite
def disruptions(draw: st.DrawFn, network: Network) -> Document:
    """A disruption of a line, without times."""
    line = draw(st.sampled_from(network.lines))
    kind = draw(st.sampled_from(KINDS))
    return {kind: draw(_fields(kind, line))}


KINDS = ("breakdown", "closure", "slow_zone", "closed_stop", "surge", "strike", "weather", "control")


@st.composite
def _fields(draw: st.DrawFn, kind: str, line: Line) -> dict[str, Any]:
    stop = draw(st.sampled_from([stop.stop_id for stop in line.patterns[0].stops]))
    lines = draw(st.sampled_from([{}, {"lines": [line.line_id]}]))
    match kind:
        case "breakdown":
            bus = draw(st.sampled_from(line.buses)).bus_id
            where = draw(st.sampled_from([{}, {"stop": stop}]))
            return {"bus": bus, "repair_min": draw(st.sampled_from([1, 20, 300]))} | where
        case "closure" | "slow_zone":
            section = draw(sections(line))
            place = {"line": line.line_id, "between": list(section)}
            if kind == "slow_zone":
                return place | {"speed_factor": draw(st.sampled_from([0.1, 0.5]))}
            if turns_back(line, section) and draw(st.booleans()):
                return place | {"short_turn": True}
            return place | {"detour_min": draw(st.sampled_from([0.5, 9]))}
        case "closed_stop":
            return {"stop": stop}
        case "surge":
            return {"stop": stop, "people_per_min": draw(st.sampled_from([1, 60]))} | lines
        case "strike":
            return {"share": draw(st.sampled_from([0.3, 0.7, 1]))} | lines
        case "weather":
            rain = draw(st.sampled_from(["none", "light", "heavy"]))
            return {"rain": rain, "temperature_c": draw(st.sampled_from([-20, 0, 15]))}
        case _:
            return {"how": draw(st.sampled_from(["none", "terminals", "headway"]))}


def with_one_more(
    document: Document, network: Network, base: Scenario, journal: Journal, moment: datetime
) -> Journal | None:
    """The journal with a disruption from a moment on; None if it contradicts others or is impossible."""
    try:
        made = intervention_from(document, network, base, journal, moment)
    except InterventionError:
        return None
    return journal.including(made)
