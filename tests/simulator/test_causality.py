"""I11: what takes effect at an instant changes no record before it, and no record of lines not meant."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from simulator.city import City
from simulator.journal import EMPTY, Journal, undisturbed
from simulator.network import Network
from simulator.scenario import Scenario
from storage.schema import Stream
from tests.examples import examples
from tests.interventions import disruptions, with_one_more
from tests.scenarios import scenarios
from tests.test_invariants import lines, made_of

pytestmark = pytest.mark.integration

LINES = {Stream.BUS_POSITION, Stream.STOP_VISIT}
"""The streams whose records name a line."""


def records(city: City, start: datetime, end: datetime) -> dict[Stream, pa.Table]:
    """The records of a window, without dictionaries: those may have ids that no record has."""
    return {stream: plain(table) for stream, table in city.window(start, end, list(Stream)).items()}


def plain(table: pa.Table) -> pa.Table:
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
    network: Network, before: Scenario, after: Scenario, moment: datetime, day: date, seed: int
) -> None:
    """That a scenario which changes at a moment leaves all records before it, and all of other lines."""
    start = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
    end = max(moment, start) + timedelta(hours=4)
    with (
        closing(City(network, seed=seed, scenario=before)) as old,
        closing(City(network, seed=seed, scenario=after)) as new,
    ):
        assert_same(records(old, start, moment), records(new, start, moment))
        same = [
            line.line_id
            for line in network.lines
            if all(
                before.revisions(line, each, network.lines_of_stop)
                == after.revisions(line, each, network.lines_of_stop)
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
    data: st.DataObject, network: Network, base: Scenario, journal: Journal, moment: datetime
) -> Journal | None:
    """The journal with something more from a moment on, or with something ended."""
    going_on = [each.id for each in journal.interventions if each.ends is None and not each.withdrawn]
    ends = data.draw(st.sampled_from([None, *going_on]))
    if ends is not None:
        return journal.ended(ends, moment)
    return with_one_more(data.draw(disruptions(network)), network, base, journal, moment)


def check_a_day(data: st.DataObject, plain: Network, day: date, seed: int, changes: int) -> None:
    base = data.draw(st.one_of(st.just(undisturbed(day, seed=seed)), scenarios(plain, day)))
    network, journal = base.applied_to(plain), EMPTY
    moment = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    for _ in range(changes):
        moment += timedelta(seconds=data.draw(st.integers(1, 8 * 3600)))
        longer = changed_journal(data, plain, base, journal, moment)
        if longer is not None:
            scenarios_ = (journal.applied_to(base), longer.applied_to(base))
            assert_causal(network, *scenarios_, moment, day, seed)
            journal = longer


@examples(6, suppress=list(HealthCheck))
@given(data=st.data(), plain=networks(), days=st.integers(0, 365), seed=st.integers(0, 1000))
def test_nothing_happens_before_its_cause(data: st.DataObject, plain: Network, days: int, seed: int) -> None:
    check_a_day(data, plain, date(2026, 1, 1) + timedelta(days=days), seed, 3)
