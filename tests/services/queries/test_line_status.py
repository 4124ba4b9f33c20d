"""Line status on a line of five stops 254 m apart in two directions, with buses for 60 people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.errors import BadRequest, NoData, UnknownEntity
from services.queries.line_status import DirectionStatus, line_status
from simulator.network import Network
from storage.schema import BusPosition, Record, StopVisit, Stream
from tests.networks import line, network, street
from tests.storage.conformance.model import ModelStore
from tests.storage.records import after, count, order, stream_of

CITY = network(line("L1", street(5), buses=4), line("L2", street(2, first=9), first_bus=9, buses=1))
HOP_M = CITY.lines[0].patterns[0].stops[1].distance_m


def visit(
    minutes: float, bus: str, sequence: int, *, direction: int = 0, trip: str = "", left_behind: int = 0
) -> StopVisit:
    """A bus leaves its nth stop, half a minute after it arrived there."""
    stop = CITY.lines[0].patterns[direction].stops[sequence - 1].stop_id
    time = after(minutes=minutes)
    arrival = time - timedelta(seconds=30)
    return StopVisit(
        time,
        bus,
        "L1",
        stop,
        trip or f"{bus}-trip",
        sequence,
        direction,
        arrival,
        True,
        0,
        0,
        left_behind,
        7,
        0,
    )


def position(
    bus: str, next_stop: str, distance: float, *, aboard: int = 7, direction: int = 0, trip: str | None = None
) -> BusPosition:
    """A bus at noon and an hour."""
    chosen = f"{bus}-trip" if trip is None else trip
    return BusPosition(NOW, bus, "L1", 40.4, -3.7, aboard, next_stop, distance, 20.0, direction, chosen)


NOW = after(hours=1)
BEFORE: Sequence[Record] = [
    # B004 has gone the whole way: a minute from stop to stop, two to the last.
    *(visit(30 + n, "B004", n) for n in (1, 2, 3, 4)),
    visit(36, "B004", 5),
    position("B004", "S005", 0, direction=1, trip=""),
    # B001 left the third stop at 56, B002 the second at 57: 24 and 25 minutes after those before.
    visit(54, "B001", 1),
    visit(55, "B001", 2),
    visit(56, "B001", 3, left_behind=3),
    position("B001", "S004", 100, aboard=60),
    visit(58, "B002", 1),
    visit(59, "B002", 2),
    position("B002", "S003", 200, aboard=15),
    position("B003", "S001", 0, aboard=0),
    *(count(NOW, f"S00{n}", people=n, line_ids="L1") for n in (1, 2, 3, 4, 5)),
]


def held(records: Sequence[Record]) -> ModelStore:
    store = ModelStore()
    for record in sorted(records, key=lambda each: (stream_of(each), order(each))):
        store.records[stream_of(record)].append(record)
    return store


def status(
    records: Sequence[Record] = BEFORE, city: Network = CITY, **asked: str
) -> Sequence[DirectionStatus]:
    return line_status(held(records), city, line_id="L1", now=NOW, **asked)


def test_buses_are_ordered_leading_first_without_parked_ones() -> None:
    out, back = status()
    assert [bus.position.bus_id for bus in out.buses] == ["B001", "B002", "B003"]
    assert [bus.capacity for bus in out.buses] == [60, 60, 60]
    assert list(back.buses) == []
    assert (back.mean_headway_s, back.headway_cv, list(back.bunched)) == (None, None, [])


def test_headway_is_the_time_since_the_previous_bus_left_the_same_stop() -> None:
    out, _ = status()
    assert [bus.headway_s for bus in out.buses] == [23 * 60, 4 * 60, None]
    assert out.mean_headway_s == 13.5 * 60
    assert out.headway_cv == pytest.approx(9.5 / 13.5)
    assert list(out.bunched) == []


def test_a_bus_within_a_quarter_of_the_mean_headway_is_bunched() -> None:
    apart = (visit(58, "B002", 1), visit(59, "B002", 2))
    closer = [*(record for record in BEFORE if record not in apart), visit(55.5, "B002", 2)]
    out, _ = status(closer)
    assert [bus.headway_s for bus in out.buses] == [23 * 60, 30, None]
    assert list(out.bunched) == ["B002"]


def test_waiting_people_and_those_left_behind_are_counted() -> None:
    out, back = status()
    assert (out.people_at_stops, back.people_at_stops) == (15, 15)
    assert (out.left_behind, back.left_behind) == (3, 0)
    assert out.arrivals is None


def test_arrivals_are_expected_by_the_latest_bus_and_unknown_for_a_waiting_one() -> None:
    out, back = status(stop_id="S004")
    assert out.arrivals is not None
    first, second, third = out.arrivals
    # B004 took from leaving S003 at 33 until 34 less 30 s; B001 left at 56, so it is due now.
    assert (first.bus.position.bus_id, first.stops_away, first.distance_m) == ("B001", 0, 100.0)
    assert (first.expected, first.by_last_bus) == (NOW, True)
    # B001 hasn't been at S004 yet: the last that was is B004, from S002 at 32 to S004 at 33:30.
    assert (second.bus.position.bus_id, second.stops_away) == ("B002", 1)
    assert second.distance_m == pytest.approx(200 + HOP_M, abs=0.1)
    assert (second.expected, second.by_last_bus) == (after(minutes=60.5), True)
    assert (third.bus.position.bus_id, third.stops_away, third.expected) == ("B003", 3, None)
    assert back.arrivals == []


def test_without_a_previous_bus_arrivals_are_expected_at_mean_speed() -> None:
    alone = [r for r in BEFORE if getattr(r, "bus_id", "B001") == "B001"]
    out, _ = status(alone, stop_id="S004")
    assert out.arrivals is not None
    (only,) = out.arrivals
    seconds = 100 / (13.16 / 3.6)
    assert only.expected is not None
    assert (only.expected - NOW).total_seconds() == pytest.approx(seconds, abs=0.001)
    assert not only.by_last_bus


def test_a_bus_past_a_stop_has_no_arrival_there() -> None:
    out, _ = status(stop_id="S002")
    assert out.arrivals is not None
    assert [arrival.bus.position.bus_id for arrival in out.arrivals] == ["B003"]


def test_a_bus_that_is_off_its_pattern_is_found_by_its_next_stop() -> None:
    turned = [*BEFORE, visit(50, "B003", 4), position("B003", "S002", 10)]
    out, _ = status([r for r in turned if r != position("B003", "S001", 0, aboard=0)], stop_id="S003")
    assert out.arrivals is not None
    assert {arrival.bus.position.bus_id: arrival.stops_away for arrival in out.arrivals} == {
        "B002": 0,
        "B003": 1,
    }


def test_unknown_entities_and_missing_data_raise_as_in_every_query() -> None:
    with pytest.raises(UnknownEntity, match="Line L9 not found"):
        line_status(held(BEFORE), CITY, line_id="L9", now=NOW)
    with pytest.raises(UnknownEntity, match="Stop S999 not found"):
        status(stop_id="S999")
    with pytest.raises(BadRequest, match="Stop S009 is not served by line L1"):
        status(stop_id="S009")
    with pytest.raises(NoData, match="No buses found for line L1"):
        status([count(NOW)])


def test_records_after_now_are_ignored() -> None:
    later = [*BEFORE, visit(61, "B001", 4), count(after(minutes=61), "S001", people=1000, line_ids="L1")]
    assert status(later, stop_id="S004") == status(stop_id="S004")
    assert Stream.STOP_VISIT in held(later).records
