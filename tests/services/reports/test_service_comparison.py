"""The present service day under a shipped scenario: which lines, what changes, who is refused."""

from __future__ import annotations

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from services.agents.compare_tool import hint_of
from services.errors import BadRequest, TooManyRequests
from services.inputs.load import Inputs, load_inputs
from services.inputs.scenario_library import shipped
from services.interventions.recorded_run import LoadedRun, RecordedRun
from services.interventions.stored_journal import base_scenario, entry_of
from services.reports import journal_cost, kept_comparisons, service_comparison
from services.reports.comparison import differing, line_days, measured
from services.reports.journal_comparison import disturbed_run, run_without, service_days
from services.reports.kept_comparisons import KeptJournalCosts, ServiceComparisons
from services.reports.service_comparison import changed_lines, scenario_for, without_extra_buses
from services.transit.service_comparison import ServiceComparison
from simulator.journal import Intervention, Journal
from simulator.types import to_ms
from tests.networks import two_lines
from tests.process import few_lines
from tests.services.fakes import HandWall
from tests.storage.conformance.model import ModelStore

NOW = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)


@cache
def inputs() -> Inputs:
    return load_inputs(None, None)


def comparisons() -> ServiceComparisons:
    return ServiceComparisons(inputs(), lambda: NOW)


@pytest.mark.integration
def test_a_breakdown_makes_the_passengers_of_its_line_wait_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_comparison, "MOST_LINES", 1)
    compare = comparisons()
    found = compare("breakdown-at-rush-hour")
    assert [line.line_id for line in found.lines] == [None, "L1"]
    assert found.left_out == ["L6"]
    assert str(found.day) == "2026-03-03", "it is after midnight in Madrid"
    whole, line = ({each.title: each for each in each.measures} for each in found.lines)
    assert whole == line
    waited = line["time that people waited"]
    assert waited.undisturbed is not None
    assert waited.with_scenario is not None
    assert waited.with_scenario > waited.undisturbed
    assert compare("breakdown-at-rush-hour") is found


def test_a_scenario_that_changes_no_service_simulates_nothing() -> None:
    found = comparisons()("faulty-wire")
    assert found.lines == []
    assert "changes no line's trips" in hint_of(found)


def test_the_cost_of_interventions_is_that_of_diff_and_is_kept_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_cost, "ProcessPool", ThreadPoolExecutor)
    found = load_inputs(Path(few_lines()[1]), None)
    store, wall, until = ModelStore(), HandWall(), datetime(2026, 3, 3, 9, tzinfo=UTC)
    costs = KeptJournalCosts(found, store, lambda: until, wall)
    assert costs().lines == ()
    broken = {"bus": "B001", "at": "2026-03-03T06:30:00Z", "repair_min": 60}
    begins = datetime(2026, 3, 3, 6, 30, tzinfo=UTC)
    made = Intervention("1", begins, {"breakdown": broken})
    store.record(entry_of(made), changes_from=begins)
    cost = costs()
    assert costs() is cost
    wall.advance(timedelta(seconds=61))
    assert costs() is not cost
    recorded = RecordedRun(Journal((made,)), None, until)
    loaded = LoadedRun(recorded, found, base_scenario(found, recorded.journal))
    days = service_days(begins, until)
    a, b = (
        measured(line_days(run), to_ms(until))
        for run in (run_without(loaded, days), disturbed_run(loaded, days))
    )
    whole, *lines = cost.lines
    waited = next(each for each in whole.measures if each.title == "time that people waited")
    (changed,) = differing(a, b)
    assert waited.undisturbed == round(a.of_line(changed).waited_min)
    assert waited.with_scenario == round(b.of_line(changed).waited_min)
    assert waited.with_scenario > waited.undisturbed
    assert [line.line_id for line in lines] == [changed]


def test_an_unknown_scenario_is_refused_with_the_names_and_no_file_is_read() -> None:
    for name in ("flood", "/etc/passwd", "data/scenarios/strike.yaml"):
        with pytest.raises(BadRequest, match=rf"no scenario '{name}'. There are {', '.join(shipped())}"):
            comparisons()(name)


def test_a_scenario_of_another_network_is_refused() -> None:
    with pytest.raises(
        BadRequest, match=r"'closure' doesn't fit this network: closure.yaml:10: .*no line \"L6\""
    ):
        scenario_for("closure", two_lines())


def test_the_extra_buses_of_the_running_scenario_do_not_count() -> None:
    plain, match = inputs(), scenario_for("match-day", inputs().network)
    running = dataclasses.replace(plain, network=match.applied_to(plain.network), scenario=match)
    assert running.network != plain.network
    assert without_extra_buses(running) == plain.network
    lines = changed_lines(plain.network, match, match.first_day)
    assert [each.plain.line_id for each in lines] == ["L1", "L2", "L3"]


def test_more_requests_than_may_wait_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_inputs: Inputs, name: str, day: datetime) -> ServiceComparison:
        begun.set()
        assert go_on.wait(30)
        return ServiceComparison(name, "", day, [], [])

    monkeypatch.setattr(service_comparison, "compared", slow)
    monkeypatch.setattr(kept_comparisons, "MOST_WAITING", 1)
    compare = comparisons()
    thread = threading.Thread(target=compare, args=("rain",))
    thread.start()
    assert begun.wait(30)
    with pytest.raises(TooManyRequests, match="Other comparisons are being made"):
        compare("strike")
    go_on.set()
    thread.join()
    assert compare("strike").scenario == "strike"
