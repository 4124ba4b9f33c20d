"""`Store.at`: the newest record at or before a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from storage.schema import Stream
from storage.store import Store
from tests.case_table import each_case
from tests.storage.records import NOON, RUN, after, any_record, count, entity, table, visit

pytestmark = pytest.mark.integration

streams = each_case("stream", list(Stream))
CADENCE = 60


def fill(store: Store, stream: Stream, ticks: int) -> None:
    records = [any_record(stream, after(CADENCE * i), value=i) for i in range(ticks)]
    store.write(stream, table(stream, records), covers=(NOON, after(CADENCE * ticks)), run=RUN)


@streams
def test_a_record_is_found_from_its_own_time_until_the_next(store: Store, stream: Stream) -> None:
    fill(store, stream, 3)
    name = entity(any_record(stream, NOON))
    assert store.at(stream, name, time=after(-0.001)) is None
    for i in range(3):
        expected = any_record(stream, after(CADENCE * i), value=i)
        assert store.at(stream, name, time=after(CADENCE * i)) == expected
        assert store.at(stream, name, time=after(CADENCE * (i + 1) - 0.001)) == expected
        assert store.at(stream, name, time=after(CADENCE * i) + timedelta(microseconds=1)) == expected


@streams
def test_long_after_the_data_end_the_last_record_is_found(store: Store, stream: Stream) -> None:
    fill(store, stream, 2)
    name = entity(any_record(stream, NOON))
    last = any_record(stream, after(CADENCE), value=1)
    assert store.at(stream, name, time=after(hours=10_000)) == last
    assert store.at(stream, name, time=datetime.max.replace(tzinfo=UTC)) == last
    assert store.at(stream, name, time=datetime.min.replace(tzinfo=UTC)) is None


def test_a_record_before_a_gap_in_the_coverage_is_found(store: Store) -> None:
    for hour in (0, 5):
        batch = table(Stream.PEOPLE_COUNT, [count(after(hours=hour), people=hour)])
        window = (after(hours=hour), after(60, hours=hour))
        store.write(Stream.PEOPLE_COUNT, batch, covers=window, run=RUN)
    assert store.at(Stream.PEOPLE_COUNT, "S001", time=after(hours=4)) == count(NOON, people=0)


def test_the_last_record_is_found_after_days_without_records(store: Store) -> None:
    batch = table(Stream.STOP_VISIT, [visit(NOON), visit(after(hours=50), "B002")])
    store.write(Stream.STOP_VISIT, batch, covers=(NOON, after(hours=60)), run=RUN)
    assert store.at(Stream.STOP_VISIT, "B001", time=after(hours=55)) == visit(NOON)


def test_the_time_zone_of_the_argument_does_not_matter(store: Store) -> None:
    fill(store, Stream.PEOPLE_COUNT, 2)
    in_madrid = after(90).astimezone(ZoneInfo("Europe/Madrid"))
    assert store.at(Stream.PEOPLE_COUNT, "S001", time=in_madrid) == count(after(60), people=1)


def test_both_hours_of_the_clock_change_are_distinguished(store: Store) -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    times = [first, first + timedelta(hours=1)]
    batch = table(Stream.PEOPLE_COUNT, [count(time, people=i) for i, time in enumerate(times)])
    store.write(Stream.PEOPLE_COUNT, batch, covers=(first, first + timedelta(hours=2)), run=RUN)
    for fold in (0, 1):
        local = datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Madrid"))
        assert store.at(Stream.PEOPLE_COUNT, "S001", time=local) == count(times[fold], people=fold)


def test_of_two_visits_at_the_same_time_the_greater_key_is_found(store: Store) -> None:
    visits = [visit(NOON, stop_id="S002"), visit(NOON, stop_id="S001")]
    store.write(Stream.STOP_VISIT, table(Stream.STOP_VISIT, visits), covers=(NOON, after(60)), run=RUN)
    assert store.at(Stream.STOP_VISIT, "B001", time=NOON) == visits[0]
    assert store.latest(Stream.STOP_VISIT, "B001", now=NOON) == visits[0]
