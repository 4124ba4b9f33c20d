"""I11: what takes effect at an instant changes no record before it, and no record of lines not meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from simulator.city import City
from simulator.journal import EMPTY, Journal, undisturbed
from simulator.network import Network
from simulator.scenario.scenario import Scenario
from simulator.types import to_ms
from storage.schema import Stream
from tests.examples import examples
from tests.interventions import Document, disruptions, with_one_more
from tests.networks import network, two_lines
from tests.scenarios import scenarios
from tests.test_invariants import audited, lines, made_of, violations

pytestmark = pytest.mark.integration

LINES = {Stream.BUS_POSITION, Stream.STOP_VISIT}
"""The streams whose records name a line."""


def records(city: City, start: datetime, end: datetime) -> dict[Stream, pa.Table]:
    """The records of a window, without dictionaries: those may have ids that no record has."""
    return {stream: plain_table(table) for stream, table in city.window(start, end, list(Stream)).items()}


def plain_table(table: pa.Table) -> pa.Table:
    return pa.table(
        {
            field.name: column.cast(pa.string()) if pa.types.is_dictionary(field.type) else column
            for field, column in zip(table.schema, table.columns, strict=True)
        }
    )


def first_difference(one: pa.Table, other: pa.Table) -> str:
    """The first rows that differ, for a failure's message."""
    for row, (a, b) in enumerate(zip(one.to_pylist(), other.to_pylist(), strict=False)):
        if a != b:
            return f"row {row}: {a} became {b}"
    return f"{one.num_rows} rows became {other.num_rows}"


def assert_same(before: dict[Stream, pa.Table], after: dict[Stream, pa.Table]) -> None:
    for stream, table in before.items():
        assert table.equals(after[stream]), f"{stream}: {first_difference(table, after[stream])}"


def of_lines(table: pa.Table, line_ids: Sequence[str]) -> pa.Table:
    return table.filter(pc.is_in(table.column("line_id"), pa.array([*line_ids], pa.string())))


def assert_causal(
    whole: Network, before: Scenario, after: Scenario, moment: datetime, day: date, seed: int
) -> None:
    """That a scenario which changes at a moment leaves all records before it, and all of other lines."""
    start = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    end = max(moment, start) + timedelta(hours=4)
    with (
        closing(City(whole, seed=seed, scenario=before)) as old,
        closing(City(whole, seed=seed, scenario=after)) as new,
    ):
        assert_same(records(old, start, moment), records(new, start, moment))
        same = [
            line.line_id
            for line in whole.lines
            if all(
                before.revisions(line, each, whole.lines_of_stop)
                == after.revisions(line, each, whole.lines_of_stop)
                for each in (day - timedelta(days=1), day, day + timedelta(days=1))
            )
        ]
        old_rows, new_rows = records(old, moment, end), records(new, moment, end)
        for stream in LINES:
            assert of_lines(old_rows[stream], same).equals(of_lines(new_rows[stream], same))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    return made_of(draw(lines(1)), draw(lines(2)))


def changed_journal(
    data: st.DataObject, plain: Network, base: Scenario, journal: Journal, moment: datetime
) -> Journal | None:
    """The journal with something more from a moment on, or with something ended."""
    going_on = [each.id for each in journal.interventions if each.ends is None and not each.withdrawn]
    ends = data.draw(st.sampled_from([None, *going_on]))
    if ends is not None:
        return journal.ended(ends, moment)
    return with_one_more(data.draw(disruptions(plain)), plain, base, journal, moment)


def check_a_day(data: st.DataObject, plain: Network, day: date, seed: int, changes: int) -> None:
    base = data.draw(st.one_of(st.just(undisturbed(day, seed=seed)), scenarios(plain, day)))
    whole, journal = base.applied_to(plain), EMPTY
    moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    for _ in range(changes):
        moment += timedelta(seconds=data.draw(st.integers(1, 8 * 3600)))
        longer = changed_journal(data, plain, base, journal, moment)
        if longer is not None:
            scenarios_ = (journal.applied_to(base), longer.applied_to(base))
            assert_causal(whole, *scenarios_, moment, day, seed)
            journal = longer


@pytest.mark.long
@examples(5, suppress=list(HealthCheck))
@given(data=st.data(), plain=networks(), days=st.integers(0, 365), seed=st.integers(0, 1000))
def test_nothing_happens_before_its_cause(data: st.DataObject, plain: Network, days: int, seed: int) -> None:
    check_a_day(data, plain, date(2026, 1, 1) + timedelta(days=days), seed, 3)


@pytest.mark.long
@examples(4, suppress=list(HealthCheck))
@given(data=st.data(), plain=networks(), days=st.integers(0, 365), seed=st.integers(0, 1000))
def test_a_day_of_many_interventions_passes_the_audit(
    data: st.DataObject, plain: Network, days: int, seed: int
) -> None:
    day = date(2026, 1, 1) + timedelta(days=days)
    base = replace(undisturbed(day, seed=seed), last_day=day + timedelta(days=1))
    journal, moment = EMPTY, datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    for _ in range(4):
        moment += timedelta(seconds=data.draw(st.integers(1, 5 * 3600)))
        journal = changed_journal(data, plain, base, journal, moment) or journal
    start = datetime(day.year, day.month, day.day, 6 + data.draw(st.integers(0, 12)), tzinfo=UTC)
    scenario = journal.applied_to(base)
    report = audited(plain, start, start + timedelta(hours=8), seed=seed, scenario=scenario)
    assert violations(report) == []


DAY = date(2026, 3, 3)
MOMENT = datetime(2026, 3, 3, 10, 0, 1, tzinfo=UTC)
HERE: dict[str, Document] = {
    "breakdown": {"breakdown": {"bus": "B001", "repair_min": 30}},
    "detour": {"closure": {"line": "L1", "between": ["S005", "S008"], "detour_min": 5}},
    "short turn": {"closure": {"line": "L1", "between": ["S005", "S008"], "short_turn": True}},
    "slow zone": {"slow_zone": {"line": "L1", "between": ["S002", "S010"], "speed_factor": 0.3}},
    "closed stop": {"closed_stop": {"stop": "S006"}},
    "surge": {"surge": {"stop": "S006", "people_per_min": 9}},
    "strike": {"strike": {"share": 0.7, "lines": ["L1"]}},
    "rain": {"weather": {"rain": "heavy", "temperature_c": -9}},
    "no control": {"control": {"how": "none"}},
    "holding": {"control": {"how": "headway"}},
}


@pytest.fixture(scope="module")
def ordinary() -> Iterator[City]:
    """Three lines on an ordinary day."""
    with closing(City(two_lines(), scenario=undisturbed(DAY, seed=1))) as city:
        yield city


@pytest.mark.parametrize("kind", HERE)
def test_a_disruption_changes_what_comes_after_it_and_nothing_before(kind: str, ordinary: City) -> None:
    base, hours = undisturbed(DAY, seed=1), timedelta(hours=4)
    journal = with_one_more(HERE[kind], ordinary.network, base, EMPTY, MOMENT)
    assert journal is not None
    with closing(City(ordinary.network, scenario=journal.applied_to(base))) as disturbed:
        assert_same(records(ordinary, MOMENT - hours, MOMENT), records(disturbed, MOMENT - hours, MOMENT))
        plain, changed = (records(city, MOMENT, MOMENT + hours) for city in (ordinary, disturbed))
        assert any(not plain[stream].equals(changed[stream]) for stream in Stream)
        if kind not in ("rain", "no control", "holding"):
            for stream in LINES:
                assert of_lines(plain[stream], ["L2", "L3"]).equals(of_lines(changed[stream], ["L2", "L3"]))


def test_a_city_that_follows_a_journal_gives_what_one_with_it_from_the_start_gives() -> None:
    made, base = two_lines(), undisturbed(DAY, seed=1)
    journal = with_one_more(HERE["breakdown"], made, base, EMPTY, MOMENT)
    assert journal is not None
    scenario, hour = journal.applied_to(base), timedelta(hours=1)
    with closing(City(made, scenario=base)) as follower, closing(City(made, scenario=scenario)) as whole:
        records(follower, MOMENT - hour, MOMENT)
        before = follower.line_days_in_memory
        follower.follow(scenario)
        assert follower.line_days_in_memory == before - 1, "only L1's day is simulated again"
        assert_same(
            records(follower, MOMENT - hour, MOMENT + hour), records(whole, MOMENT - hour, MOMENT + hour)
        )


def test_a_bus_that_returns_from_a_strike_has_two_shifts() -> None:
    made, base = network(two_lines().line["L1"]), undisturbed(DAY, seed=1)
    moments = [datetime(2026, 3, 3, hour, tzinfo=UTC) for hour in (10, 15)]
    journal = with_one_more({"strike": {"share": 0.7, "lines": ["L1"]}}, made, base, EMPTY, moments[0])
    assert journal is not None
    over = journal.ended("1", moments[1]).applied_to(base)
    (trajectory,) = City(made, scenario=over).days(DAY, DAY)
    first, second = trajectory.service
    back = np.flatnonzero(second.begins < trajectory.ends)
    assert len(back) == 2
    assert (first.ends[back] > to_ms(moments[0])).all()
    assert (first.ends[back] < to_ms(moments[0]) + 3_600_000).all()
    assert (second.begins[back] >= to_ms(moments[1])).all()
    legs = trajectory.legs
    for bus in back:
        own = (legs.bus == bus) & (legs.sequence > 0)
        assert not ((legs.leaves > first.ends[bus]) & (legs.leaves < second.begins[bus]) & own).any()
