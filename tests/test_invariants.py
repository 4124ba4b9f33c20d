"""Stored data of any network on any day pass the audit."""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from services.feeders.backfill import fill, plan
from services.reports.audit_inputs import audit_facts
from simulator.city import City
from simulator.day.line_day import MODEL_VERSION
from simulator.network import Departure, Headway, Line, Network
from simulator.scenario.scenario import Scenario
from storage.audit import audit
from storage.audit_report import AuditReport
from storage.duckdb_store import DuckDBStore
from storage.store import Run
from tests.examples import examples
from tests.networks import line, network, pattern, street, two_lines
from tests.scenarios import scenarios
from tests.synthetic import synthetic_network

pytestmark = pytest.mark.integration


def audited(
    city: Network,
    start: datetime,
    end: datetime,
    *,
    seed: int = 1,
    jobs: int = 1,
    scenario: Scenario | None = None,
) -> AuditReport:
    """The audit of a network's backfilled stretch."""
    run = Run(seed, city.digest, scenario.digest if scenario else "", MODEL_VERSION)
    with tempfile.TemporaryDirectory() as folder, closing(DuckDBStore(Path(folder) / "b.duckdb")) as store:
        with closing(City(city, seed=seed, jobs=jobs, scenario=scenario)) as model:
            for _ in fill(plan(store, start, end, newest_first=False), model=model, store=store, run=run):
                pass
        return audit(store, [audit_facts(city, scenario)])


def assert_clean(report: AuditReport) -> None:
    assert violations(report) == []
    assert report.passed
    assert report.records > 0


def violations(report: AuditReport) -> list[tuple[str, list[str]]]:
    return [(finding.invariant, finding.examples) for finding in report.findings if finding.violations]


@st.composite
def lines(draw: st.DrawFn, index: int) -> Line:
    """A line of some shape; those with other indices share stops with it."""
    row = draw(st.integers(0, 2))
    count = draw(st.integers(3, 14))
    places = street(count, first=100 * row + 1, row=row, step=draw(st.sampled_from([0.0004, 0.003, 0.009])))
    back = street(count, first=500 + 100 * row, row=row + 4)[::-1]
    own = pattern(f"L{index}-0", 0, places)
    shapes = {
        "mirrored": (),
        "one way": (own,),
        "other way back": (own, pattern(f"L{index}-1", 1, back)),
        "circle": (pattern(f"L{index}-0", 0, [*places, places[0]]),),
    }
    return line(
        f"L{index}",
        places,
        first_bus=1 + 20 * index,
        buses=draw(st.integers(1, 6)),
        capacity=draw(st.sampled_from([1, 12, 90])),
        rate=draw(st.sampled_from([0.0, 0.2, 2.5])),
        night=draw(st.booleans()),
        patterns=shapes[draw(st.sampled_from(sorted(shapes)))],
    )


def made_of(first: Line, second: Line) -> Network:
    """Both lines where they agree on the stops they share, else the first."""
    shared = {s.stop_id: s for p in first.patterns for s in p.stops}
    clash = any(
        s.stop_id in shared and shared[s.stop_id].longitude != s.longitude
        for p in second.patterns
        for s in p.stops
    )
    return network(first) if clash else network(first, second)


@examples(15, quick=2, suppress=list(HealthCheck))
@given(
    first=lines(1),
    second=lines(2),
    hour=st.integers(0, 24 * 365),
    minutes=st.integers(61, 400),
    seed=st.integers(0, 1000),
)
def test_any_network_passes_the_audit(first: Line, second: Line, hour: int, minutes: int, seed: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
    made = made_of(first, second)
    report = audited(made, start, start + timedelta(minutes=minutes), seed=seed)
    assert violations(report) == []
    assert report.missing in ([], ["stop_visit has no records"])  # at an hour when every bus is parked


@examples(15, quick=2, suppress=list(HealthCheck))
@given(data=st.data(), first=lines(1), second=lines(2), days=st.integers(0, 365), seed=st.integers(0, 1000))
def test_any_scenario_passes_the_audit(
    data: st.DataObject, first: Line, second: Line, days: int, seed: int
) -> None:
    plain, day = made_of(first, second), date(2026, 1, 1) + timedelta(days=days)
    scenario = data.draw(scenarios(plain, day))
    made = scenario.applied_to(plain)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(
        hours=data.draw(st.integers(2, 24))
    )
    report = audited(made, start, start + timedelta(hours=7), seed=seed, scenario=scenario)
    assert violations(report) == []
    assert report.missing in ([], ["stop_visit has no records"])


@pytest.mark.long
@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24", "2026-12-24"])
def test_long_nights_pass_the_audit(day: str) -> None:
    start = datetime.fromisoformat(day).replace(hour=17, tzinfo=UTC)
    assert_clean(audited(two_lines(), start, start + timedelta(hours=20)))


def test_timetables_and_headways_pass_the_audit() -> None:
    places = street(9)
    scheduled = line(
        "L1",
        places,
        patterns=[
            pattern("all", 0, places),
            pattern("short", 0, places[:5]),
            pattern("back", 1, places[::-1]),
            pattern("short back", 1, places[4::-1]),
        ],
        departures=[
            Departure(21_600 + 420 * i, ("all", "back", "short", "short back")[i % 4]) for i in range(90)
        ],
    )
    spaced = line("L2", street(9, row=1, first=40), first_bus=20, headways=[Headway(25_000, 60_000, 700)])
    start = datetime(2026, 11, 18, 4, tzinfo=UTC)
    assert_clean(audited(network(scheduled, spaced), start, start + timedelta(hours=14)))


@pytest.mark.long
def test_a_rush_hour_of_the_whole_city_passes_the_audit() -> None:
    start = datetime(2026, 11, 18, 7, tzinfo=UTC)
    report = audited(synthetic_network(), start, start + timedelta(hours=1), jobs=2)
    assert_clean(report)
    assert report.records > 900_000
