"""`Store.latest` and `latest_of_line`: the newest records of an entity and of a line's buses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.schema import StopVisit, Stream
from storage.store import Store
from tests.case_table import each_case
from tests.storage.records import NOON, OTHER_RUN, RUN, after, any_record, entity, position, table, visit

POSITION = Stream.BUS_POSITION
LONG_AGO = after(hours=-1000)


def write_positions(store: Store, *seconds: int, buses: tuple[str, ...] = ("B001", "B002")) -> None:
    records = [position(after(s), bus, passengers=s) for s in seconds for bus in buses]
    window = (after(min(seconds)), after(max(seconds) + 30))
    store.write(POSITION, table(POSITION, records), covers=window, run=RUN)


@each_case("stream", list(Stream))
def test_the_newest_record_is_found_in_every_stream(store: Store, stream: Stream) -> None:
    records = [any_record(stream, after(s), number, value=s) for s in (0, 60) for number in (1, 2)]
    store.write(stream, table(stream, records), covers=(NOON, after(120)), run=RUN)
    for record in records[2:]:
        assert store.latest(stream, entity(record), now=after(600)) == record


def test_a_record_exactly_at_now_is_included(store: Store) -> None:
    write_positions(store, 0, 30)
    assert store.latest(POSITION, "B001", now=after(30)) == position(after(30), passengers=30)
    assert store.latest(POSITION, "B001", now=after(29.999)) == position(NOON, passengers=0)
    assert store.latest(POSITION, "B001", now=after(-0.001)) is None


def test_unknown_keys_have_no_record(store: Store) -> None:
    assert store.latest(POSITION, "B001", now=NOON) is None
    write_positions(store, 0)
    assert store.latest(POSITION, "B999", now=after(60)) is None
    assert store.latest(POSITION, "", now=after(60)) is None
    assert store.latest(POSITION, "' OR 1=1 --", now=after(60)) is None


def test_history_written_later_does_not_replace_newer_records(store: Store) -> None:
    write_positions(store, 3600)
    write_positions(store, 0, 30)
    assert store.latest(POSITION, "B001", now=after(7200)) == position(after(3600), passengers=3600)


def test_an_entity_without_new_records_keeps_its_last_one(store: Store) -> None:
    write_positions(store, 0, 30)
    write_positions(store, 3600, 7200, buses=("B002",))
    assert store.latest(POSITION, "B001", now=after(9000)) == position(after(30), passengers=30)


def test_each_bus_of_a_line_is_listed_once_by_id(store: Store) -> None:
    write_positions(store, 0, 30, buses=("B002", "B001", "B010"))
    expected = [position(after(30), bus, passengers=30) for bus in ("B001", "B002", "B010")]
    assert store.latest_of_line("L1", since=LONG_AGO, now=after(60)) == expected
    assert store.latest_of_line("L9", since=LONG_AGO, now=after(60)) == []


def test_positions_exactly_at_since_and_now_are_included(store: Store) -> None:
    write_positions(store, 0, buses=("B001",))
    write_positions(store, 60, buses=("B002",))
    line = [bus.bus_id for bus in store.latest_of_line("L1", since=NOON, now=after(60))]
    narrow = [bus.bus_id for bus in store.latest_of_line("L1", since=after(0.001), now=after(60))]
    past = [bus.bus_id for bus in store.latest_of_line("L1", since=NOON, now=after(59.999))]
    assert (line, narrow, past) == (["B001", "B002"], ["B002"], ["B001"])


VISIT = Stream.STOP_VISIT


def test_the_newest_visits_of_a_stop_by_line_and_of_a_line_by_bus(store: Store) -> None:
    visits = [
        replace(visit(after(s), bus, stop_id=stop), line_id=line)
        for s in (0, 60)
        for bus, line in (("B001", "L1"), ("B002", "L2"), ("B003", "L1"))
        for stop in ("S001", "S002")
    ]
    store.write(VISIT, table(VISIT, visits), covers=(NOON, after(120)), run=RUN)

    def newest(key: str, by: str, per: str, *, since: float = 0, now: float = 60) -> list[tuple[object, ...]]:
        found = store.newest_of_each(VISIT, key, by=by, per=per, since=after(since), now=after(now))
        return [(v.time, v.bus_id, v.stop_id) for v in found if isinstance(v, StopVisit)]

    minute = after(60)
    assert newest("S001", "stop_id", "line_id") == [(minute, "B003", "S001"), (minute, "B002", "S001")]
    assert newest("L1", "line_id", "bus_id") == [(minute, "B001", "S002"), (minute, "B003", "S002")]
    assert newest("L1", "line_id", "bus_id", now=59) == [(NOON, "B001", "S002"), (NOON, "B003", "S002")]
    assert newest("L1", "line_id", "bus_id", since=1, now=59) == newest("L9", "line_id", "bus_id") == []
    with pytest.raises(ValueError, match="waiting"):
        newest("1", "waiting", "bus_id")


def test_a_bus_that_changed_line_is_on_both_until_the_old_position_expires(store: Store) -> None:
    store.write(POSITION, table(POSITION, [position(NOON, line_id="L1")]), covers=(NOON, after(30)), run=RUN)
    moved = position(after(30), line_id="L2")
    store.write(POSITION, table(POSITION, [moved]), covers=(after(30), after(60)), run=OTHER_RUN)
    assert store.latest_of_line("L1", since=NOON, now=after(60)) == [position(NOON, line_id="L1")]
    assert store.latest_of_line("L2", since=NOON, now=after(60)) == [moved]
    assert store.latest_of_line("L1", since=after(1), now=after(60)) == []
    assert store.latest(POSITION, "B001", now=after(60)) == moved
