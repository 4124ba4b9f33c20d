from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.city import City
from storage.arrow_schema import arrow_schema
from storage.schema import SCHEMAS, Stream
from tests.examples import examples
from tests.networks import line, network, pattern, street, two_lines

MORNING = datetime(2026, 11, 18, 7, tzinfo=UTC)
EVERY = list(Stream)
Row = dict[str, Any]


def rows(table: pa.Table) -> list[Row]:
    found: list[Row] = table.to_pylist()
    return found


@pytest.fixture(scope="module")
def city() -> City:
    return City(two_lines())


@pytest.fixture(scope="module")
def hour(city: City) -> dict[Stream, pa.Table]:
    batches: dict[Stream, pa.Table] = city.window(MORNING, MORNING + timedelta(hours=1), EVERY)
    return batches


@pytest.mark.parametrize("stream", EVERY)
def test_batches_have_the_streams_schema(hour: dict[Stream, pa.Table], stream: Stream) -> None:
    assert hour[stream].schema == arrow_schema(stream)
    hour[stream].validate(full=True)


@pytest.mark.parametrize("stream", EVERY)
def test_rows_are_ordered_by_time_and_key(hour: dict[Stream, pa.Table], stream: Stream) -> None:
    names = ("time", *SCHEMAS[stream].key)
    keys = [tuple(row[name] for name in names) for row in rows(hour[stream])]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("stream", "entities"), [(Stream.PEOPLE_COUNT, 19), (Stream.SENSOR_DATA, 26), (Stream.BUS_POSITION, 7)]
)
def test_every_entity_has_a_row_at_every_tick(
    hour: dict[Stream, pa.Table], stream: Stream, entities: int
) -> None:
    cadence = SCHEMAS[stream].cadence_s or 0
    times = [row["time"] for row in rows(hour[stream])]
    assert sorted(set(times)) == [MORNING + timedelta(seconds=s) for s in range(0, 3600, cadence)]
    assert len(times) == entities * 3600 // cadence


@examples(25)
@given(
    start=st.integers(0, 3 * 86_400_000),
    parts=st.lists(st.integers(0, 2_000_000), min_size=1, max_size=4),
)
def test_windows_cut_anywhere_hold_the_same_rows(city: City, start: int, parts: list[int]) -> None:
    begin = datetime(2026, 10, 24, tzinfo=UTC) + timedelta(milliseconds=start)
    cuts = [begin + timedelta(milliseconds=sum(parts[:i])) for i in range(len(parts) + 1)]
    whole = city.window(cuts[0], cuts[-1], EVERY)
    pieces = [city.window(a, b, EVERY) for a, b in pairwise(cuts)]
    for stream in EVERY:
        assert rows(whole[stream]) == [row for piece in pieces for row in rows(piece[stream])]


def test_asking_for_one_stream_changes_nothing(city: City, hour: dict[Stream, pa.Table]) -> None:
    for stream in EVERY:
        alone = city.window(MORNING, MORNING + timedelta(hours=1), [stream])
        assert rows(alone[stream]) == rows(hour[stream])


@pytest.mark.integration
def test_parallel_processes_give_the_same_rows(hour: dict[Stream, pa.Table]) -> None:
    other = City(two_lines(), jobs=2)
    try:
        again = other.window(MORNING, MORNING + timedelta(hours=1), EVERY)
    finally:
        other.close()
    for stream in EVERY:
        assert again[stream].equals(hour[stream])


def of_line(table: pa.Table, line_id: str) -> list[Row]:
    return [row for row in rows(table) if row["line_id"] == line_id]


def test_another_line_changes_no_other_lines_records(hour: dict[Stream, pa.Table]) -> None:
    shared = [*street(3, first=70, row=3), *street(12)[7:9]]
    wider = City(network(*two_lines().lines, line("L0", shared, first_bus=90, buses=2)))
    more = wider.window(MORNING, MORNING + timedelta(hours=1), EVERY)
    for line_id in ("L1", "L2", "L3"):
        for stream in (Stream.BUS_POSITION, Stream.STOP_VISIT):
            assert of_line(more[stream], line_id) == of_line(hour[stream], line_id)
    sensors = {(r["time"], r["entity_id"]): r for r in rows(more[Stream.SENSOR_DATA])}
    assert all(sensors[r["time"], r["entity_id"]] == r for r in rows(hour[Stream.SENSOR_DATA]))
    people = {(r["time"], r["stop_id"]): r for r in rows(more[Stream.PEOPLE_COUNT])}
    changed = {r["stop_id"] for r in rows(hour[Stream.PEOPLE_COUNT]) if people[r["time"], r["stop_id"]] != r}
    assert changed == {"S008", "S009"}
    assert people[MORNING, "S008"]["line_ids"] == "L0,L1,L3"


def test_a_position_says_what_the_visits_say(city: City) -> None:
    """Invariants I2, I4 and I5 at every tick of an hour, against the visits around it."""
    start, end = MORNING, MORNING + timedelta(hours=1)
    positions = rows(city.window(start, end, [Stream.BUS_POSITION])[Stream.BUS_POSITION])
    visits = rows(
        city.window(start - timedelta(hours=2), end + timedelta(hours=2), [Stream.STOP_VISIT])[
            Stream.STOP_VISIT
        ]
    )
    seen = 0
    for row in positions:
        own = [v for v in visits if v["bus_id"] == row["bus_id"]]
        before = [v for v in own if v["time"] <= row["time"]]
        after = [v for v in own if v["time"] > row["time"]]
        if not before or not after:
            continue
        seen += 1
        assert row["passenger_count"] == before[-1]["passenger_count"]
        assert row["next_stop_id"] == after[0]["stop_id"]
        assert row["direction"] == after[0]["direction"]
        if after[0]["arrival_time"] <= row["time"]:
            assert (row["distance_to_next_stop"], row["speed"]) == (0.0, 0.0)
        if row["trip_id"]:
            assert row["trip_id"] == after[0]["trip_id"]
    assert seen > 500


def test_people_at_a_stop_are_conserved(hour: dict[Stream, pa.Table]) -> None:
    last: dict[str, int] = {}
    for row in rows(hour[Stream.PEOPLE_COUNT]):
        if row["stop_id"] in last:
            expected = last[row["stop_id"]] + row["arrived"] - row["boarded"] - row["left"]
            assert row["count"] == expected
        last[row["stop_id"]] = row["count"]
        assert row["count"] >= 0


def test_coordinates_follow_the_shape() -> None:
    places = street(3)
    bent = pattern("L1-0", 0, places)
    made = line("L1", places, patterns=[bent], one_way=True, buses=1, rate=0.0)
    table = City(network(made)).window(MORNING, MORNING + timedelta(hours=1), [Stream.BUS_POSITION])
    latitudes = np.array(table[Stream.BUS_POSITION]["latitude"])
    assert np.all(latitudes == places[0][1])


def test_an_empty_window_has_no_rows(city: City) -> None:
    batches = city.window(MORNING, MORNING, EVERY)
    assert [len(batches[stream]) for stream in EVERY] == [0, 0, 0, 0]
    assert all(batches[stream].schema == arrow_schema(stream) for stream in EVERY)


def test_parked_buses_still_report(city: City) -> None:
    night = datetime(2026, 11, 18, 3, tzinfo=UTC)
    positions = rows(
        city.window(night, night + timedelta(minutes=1), [Stream.BUS_POSITION])[Stream.BUS_POSITION]
    )
    parked = [row for row in positions if row["line_id"] == "L1"]
    assert len(parked) == 6
    assert {(row["speed"], row["trip_id"], row["passenger_count"]) for row in parked} == {(0.0, "", 0)}
    assert any(row["trip_id"] for row in positions if row["line_id"] == "L3")


def test_the_clock_changes_give_23_and_25_hours_of_ticks() -> None:
    city = City(two_lines())
    for day, hours in (
        (datetime(2026, 3, 28, 23, tzinfo=UTC), 23),
        (datetime(2026, 10, 24, 22, tzinfo=UTC), 25),
    ):
        table = city.window(day, day + timedelta(hours=hours), [Stream.BUS_POSITION])[Stream.BUS_POSITION]
        assert len(table) == 7 * 120 * hours
