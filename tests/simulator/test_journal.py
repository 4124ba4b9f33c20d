"""Interventions: checked as scenario files are, kept in a journal, applied to the scenario of a run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from simulator.intervention_requests import intervention_from
from simulator.journal import (
    EMPTY,
    InterventionError,
    Journal,
    TooEarlyError,
    UnknownInterventionError,
    undisturbed,
)
from simulator.network import Network
from simulator.scenario.disruptions import Breakdown, Closure, Strike
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import Period
from simulator.scenario_files.loader import load_scenario
from simulator.types import BusId, LineId, StopId, to_ms
from tests.simulator.any_scenario import city

DAY = date(2026, 3, 3)
BASE = undisturbed(DAY, seed=7)
NOW = datetime(2026, 3, 3, 17, 10, 5, 400_000, tzinfo=UTC)
MOMENT = datetime(2026, 3, 3, 17, 10, 6, tzinfo=UTC)
CLOSURE = {"closure": {"line": "L1", "between": ["S008", "S010"], "detour_min": 5}}
LATER = datetime(2026, 3, 3, 18, tzinfo=UTC)


def made(*documents: Any, base: Scenario = BASE, network: Network | None = None) -> Journal:
    journal = EMPTY
    for document in documents:
        found = intervention_from(document, network or city(), base, journal, NOW)
        journal = journal.including(found)
    return journal


def refused(document: Any, *before: Any, base: Scenario = BASE) -> list[str]:
    with pytest.raises(InterventionError) as caught:
        intervention_from(document, city(), base, made(*before, base=base), NOW)
    return caught.value.messages


def test_an_intervention_begins_at_the_earliest_moment_and_goes_on() -> None:
    (closure,) = made(CLOSURE).interventions
    assert (closure.id, closure.kind, closure.takes_effect, closure.ends) == ("1", "closure", MOMENT, None)
    assert closure.disruption["closure"]["from"] == "2026-03-03T17:10:06Z"
    applied = made(CLOSURE).applied_to(BASE)
    period = Period(to_ms(MOMENT), None)
    assert [(c.line_id, c.detour_s, c.period) for c in applied.closures] == [("L1", 300, period)]


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("18:30", datetime(2026, 3, 3, 17, 30, tzinfo=UTC)),
        ("25:30", datetime(2026, 3, 4, 0, 30, tzinfo=UTC)),
        ("2026-03-04T18:10:05", datetime(2026, 3, 4, 17, 10, 5, tzinfo=UTC)),
        ("2026-03-04T18:10:05+02:00", datetime(2026, 3, 4, 16, 10, 5, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_that_of_the_service_day_in_progress(written: str, instant: datetime) -> None:
    (strike,) = made({"strike": {"share": 0.3, "from": written}}).interventions
    assert strike.takes_effect == instant


def test_a_breakdown_that_is_ended_is_repaired_then() -> None:
    journal = made({"breakdown": {"bus": "B014", "repair_min": 60}}).ended("1", LATER)
    applied = journal.applied_to(BASE)
    period = Period(to_ms(MOMENT), to_ms(LATER))
    assert applied.breakdowns == (Breakdown(BusId("B014"), 0, 3600, None, period),)
    assert journal.interventions[0].ends == LATER


def test_what_ends_before_it_began_changes_nothing() -> None:
    journal = made({"strike": {"share": 0.3, "from": "20:00"}}).ended("1", NOW)
    assert journal.interventions[0].withdrawn
    assert journal.applied_to(BASE) == BASE
    with pytest.raises(UnknownInterventionError, match="has ended already"):
        journal.ended("1", NOW)
    with pytest.raises(UnknownInterventionError, match="isn't in the journal"):
        journal.ended("2", NOW)


def test_all_mistakes_are_reported_at_once() -> None:
    wrong = {"closure": {"line": "L01", "between": ["S008", "S999"], "detour_min": 5, "to": "17:00"}}
    assert refused(wrong) == [
        'closure: the network has no line "L01": did you mean L1 (27 Embajadores - Plaza de Castilla)?',
        'closure: the network has no stop "S999": did you mean S099 (Velázquez - Rodríguez Marín)?',
        "closure: `to` 2026-03-03T16:00:00Z isn't after `from` 2026-03-03T17:10:06Z: correct them; "
        "times are UTC here",
    ]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (None, "must be an object with one of breakdown, closure"),
        ({"strike": 1}, "strike: must be an object of fields, got 1"),
        ({"strikes": {}}, 'unknown kind "strikes": must be one of breakdown'),
        ({"extra_buses": {"line": "L1", "count": 1, "capacity": 90}}, "they change the network"),
        ({"strike": {"share": 2}}, "strike: `share` must be at most 1, got 2"),
        ({"strike": {"share": 0.5, "from": "now"}}, "`from` must be a time such as"),
        ({"strike": {"share": 0.5, "wh\ud800o\x07": "\x85"}}, "unknown field"),
        ({"surge": {"stop": "S017"}}, "`people_per_min` is missing"),
        ({"weather": {"rain": "wet"}}, "`rain` must be"),
        ({"control": {}}, "`how` is missing"),
        ({"breakdown": {"bus": "B200", "repair_min": 5}}, 'no bus "B200"'),
    ],
)
def test_a_bad_intervention_is_refused_with_its_reason(document: Any, words: str) -> None:
    assert words in "\n".join(refused(document))


def test_what_contradicts_the_scenario_or_the_journal_is_refused() -> None:
    evening = {"closure": {"line": "L1", "between": ["S009", "S011"], "short_turn": True, "from": "19:00"}}
    (message,) = refused(evening, CLOSURE)
    assert "closed at that time already, by the closure in intervention 1: separate them" in message
    closed = Scenario("closed", DAY, DAY, closures=made(CLOSURE).applied_to(BASE).closures)
    (message,) = refused(evening, base=closed)
    assert "by the closure in the scenario" in message
    over = made(CLOSURE).ended("1", NOW)
    assert intervention_from(evening, city(), BASE, over, NOW).id == "2"


def test_what_would_begin_in_the_past_is_refused_with_the_earliest_moment() -> None:
    with pytest.raises(TooEarlyError, match="2026-03-03T17:10:06Z") as caught:
        made({"strike": {"share": 0.3, "from": "18:00"}})
    assert caught.value.earliest == MOMENT


def test_a_journal_survives_json_and_has_a_digest() -> None:
    journal = made(CLOSURE, {"weather": {"rain": "heavy", "to": "22:00"}}, {"control": {"how": "headway"}})
    read = Journal.from_json(journal.to_json())
    assert read == journal
    assert read.digest == journal.digest != made(CLOSURE).digest
    assert EMPTY.digest == ""


def test_a_journal_as_a_scenario_file_gives_an_equal_scenario(tmp_path: Path) -> None:
    journal = made(
        CLOSURE,
        {"breakdown": {"bus": "B014", "repair_min": 60, "stop": "S021"}},
        {"surge": {"stop": "S017", "people_per_min": 40}},
        {"strike": {"share": 0.3, "lines": ["L2"], "from": "19:00"}},
        {"slow_zone": {"line": "L3", "between": ["S005", "S007"], "speed_factor": 0.5, "to": "22:00"}},
        {"closed_stop": {"stop": "S012"}},
        {"weather": {"rain": "heavy", "temperature_c": -3}},
        {"control": {"how": "headway"}},
    ).ended("4", datetime(2026, 3, 3, 20, tzinfo=UTC))
    base = Scenario("base", DAY, DAY, seed=5, strikes=(Strike(0.5, (LineId("L4"),)),), start=LATER)
    file = tmp_path / "day.yaml"
    file.write_text(journal.as_scenario_yaml(base), encoding="utf-8")
    assert load_scenario(file, lambda _: city()) == journal.applied_to(base)


def test_the_dates_of_a_run_without_changes_are_those_of_its_interventions() -> None:
    base = undisturbed(date(2026, 3, 1), seed=7)
    applied = made({"strike": {"share": 0.3, "to": "2026-03-05T10:00:00Z"}}).applied_to(base)
    assert (applied.first_day, applied.last_day) == (date(2026, 3, 1), date(2026, 3, 5))


def test_a_scenarios_old_entries_keep_their_digest() -> None:
    closure = Closure(
        LineId("L1"), StopId("S008"), StopId("S010"), made(CLOSURE).applied_to(BASE).closures[0].span
    )
    day = Scenario("x", DAY, DAY, strikes=(Strike(0.5),), closures=(closure,))
    assert day.digest == "c3c9c92eaac606504b404a11a0856da0f5b8d24421f90e3072de434bc7d03f6e"
