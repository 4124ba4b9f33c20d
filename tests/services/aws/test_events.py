"""Events: their content, batching into calls, and agreement of rule and publisher."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.aws.event_publisher import MOST_WAITING, EventPublisher, publishing_events
from services.aws.events import (
    ARRIVAL,
    MOST_BYTES,
    MOST_ENTRIES,
    POSITIONS,
    RULE_PATTERN,
    SOURCE,
    Event,
    arrival_event,
    events_of,
    position_events,
    positions_of,
    put_events_batches,
)
from services.queries.bodies import bus_position_body
from simulator.clock import Clock
from storage.schema import Stream
from tests.services.aws.fake_aws import FakeClient
from tests.services.fakes import MINUTE, NETWORK, NOW
from tests.storage.records import position, table, visit


def delivered(event: Event) -> dict[str, Any]:
    """An event as a rule's target gets it."""
    entry = event.entry("bus")
    detail = json.loads(entry["Detail"])
    return {"source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail}


def test_positions_are_one_event_per_line_and_tick_with_rests_bodies() -> None:
    later = NOW + MINUTE
    ticks = [
        position(NOW, "B001", line_id="L1"),
        position(NOW, "B002", line_id="L2"),
        position(NOW, "B003", line_id="L1"),
        position(later, "B001", line_id="L1"),
    ]
    events = list(events_of(Stream.BUS_POSITION, table(Stream.BUS_POSITION, ticks), NETWORK))
    assert [(event.kind, json.loads(event.detail)["line_id"]) for event in events] == [
        (POSITIONS, "L1"),
        (POSITIONS, "L2"),
        (POSITIONS, "L1"),
    ]
    detail = json.loads(events[0].detail)
    assert detail["time"] == "2026-03-02T07:30:10Z"
    assert detail["positions"] == [bus_position_body(ticks[i], NETWORK) for i in (0, 2)]
    assert positions_of(delivered(events[0])) == [ticks[0], ticks[2]]


def test_positions_of_an_event_that_an_earlier_version_sent_have_no_trip() -> None:
    (event,) = position_events([position(NOW, "B001", line_id="L1")], NETWORK)
    older = delivered(event)
    for name in ("trip_id", "capacity", "bearing"):
        del older["detail"]["positions"][0][name]
    assert positions_of(older) == [replace(position(NOW, "B001", line_id="L1"), trip_id="")]


def test_a_line_with_many_buses_has_several_events_within_the_size_limit() -> None:
    many = [position(NOW, f"B{number:04}", line_id="L1") for number in range(1201)]
    events = list(position_events(many, NETWORK))
    assert [len(json.loads(event.detail)["positions"]) for event in events] == [500, 500, 201]
    assert max(event.size for event in events) < MOST_BYTES


def test_an_arrival_is_a_visit_with_open_doors() -> None:
    stopped, passed = visit(NOW, "B001"), replace(visit(NOW, "B002"), doors_open=False)
    (event,) = events_of(Stream.STOP_VISIT, table(Stream.STOP_VISIT, [stopped, passed]), NETWORK)
    assert event == arrival_event(stopped)
    assert event.kind == ARRIVAL
    assert set(json.loads(event.detail)) == {
        "bus_id", "line_id", "stop_id", "time", "passengers_boarding", "passengers_alighting",
        "bus_passenger_count", "stop_people_count",
    }  # fmt: skip


def test_other_streams_have_no_events() -> None:
    assert list(events_of(Stream.PEOPLE_COUNT, table(Stream.PEOPLE_COUNT, []), NETWORK)) == []


def test_a_call_has_at_most_ten_events_and_200_kb() -> None:
    small, large = Event(POSITIONS, "{}"), Event(POSITIONS, "é" * 45_000)
    parts = list(put_events_batches([small] * 25 + [large] * 5))
    assert [len(part) for part in parts] == [10, 10, 7, 2, 1]
    assert all(len(part) <= MOST_ENTRIES for part in parts)
    assert all(sum(event.size for event in part) <= MOST_BYTES for part in parts)


def test_the_rule_matches_what_the_publisher_sends() -> None:
    (event,) = position_events([position(NOW, "B001", line_id="L1")], NETWORK)
    sent = delivered(event)
    assert all(sent[field] in allowed for field, allowed in RULE_PATTERN.items())
    assert arrival_event(visit(NOW, "B001")).kind not in RULE_PATTERN["detail-type"]
    assert SOURCE in RULE_PATTERN["source"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"source": SOURCE, "detail-type": ARRIVAL, "detail": {}},
        {"source": SOURCE, "detail-type": POSITIONS, "detail": {"positions": [{}]}},
        {"source": SOURCE, "detail-type": POSITIONS, "detail": {"positions": 7}},
        {"source": SOURCE, "detail-type": POSITIONS, "detail": {"positions": [{"time": "then"}]}},
    ],
)
def test_other_events_than_positions_are_refused(event: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"position|ISO"):
        positions_of(event)


class Bus:
    """An event bus that keeps accepted entries; it rejects the first `refusing` entries."""

    def __init__(self, refusing: int = 0) -> None:
        self.refusing = refusing
        self.client = FakeClient(put_events=self._put)
        self.taken: list[dict[str, str]] = []
        self.changed = threading.Condition()

    def _put(self, Entries: list[dict[str, str]]) -> object:  # noqa: N803 - boto3's name
        answers = []
        with self.changed:
            for entry in Entries:
                refuse = self.refusing > 0
                self.refusing -= refuse
                answers.append({"ErrorCode": "ThrottlingException"} if refuse else {"EventId": "1"})
                self.taken += [] if refuse else [entry]
            self.changed.notify_all()
        return {"Entries": answers}

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.taken) >= count, 10)


def tick(clock: Clock, buses: int = 3, *, ago: timedelta = timedelta()) -> Any:
    time = clock.now() - ago
    return table(Stream.BUS_POSITION, [position(time, f"B{i}", line_id=f"L{i}") for i in range(buses)])


def test_stored_rows_are_published_and_rejected_events_sent_again() -> None:
    bus, clock = Bus(refusing=1), Clock()
    publisher = EventPublisher(bus.client, "events", clock, lambda: NETWORK)
    with publishing_events(publisher):
        publisher.written(Stream.BUS_POSITION, tick(clock), clock.course)
        bus.wait_for(3)
    lines = sorted(json.loads(entry["Detail"])["line_id"] for entry in bus.taken)
    assert lines == ["L0", "L1", "L2"]
    assert {entry["EventBusName"] for entry in bus.taken} == {"events"}


@pytest.mark.integration
def test_an_unavailable_event_bus_delays_no_feeder_and_the_buffer_is_bounded() -> None:
    bus, clock = Bus(), Clock()
    bus.client.away = True
    publisher = EventPublisher(bus.client, "events", clock, lambda: NETWORK)
    with publishing_events(publisher):
        for _ in range(3):
            publisher.written(Stream.BUS_POSITION, tick(clock, MOST_WAITING // 2), clock.course)
        bus.client.away = False
        bus.wait_for(MOST_WAITING)
    assert MOST_WAITING // 2 - 500 <= publisher.dropped <= MOST_WAITING // 2


def test_history_and_rows_of_an_earlier_course_are_not_published() -> None:
    bus, clock = Bus(), Clock()
    publisher = EventPublisher(bus.client, "events", clock, lambda: NETWORK)
    course = clock.course
    with publishing_events(publisher):
        publisher.written(Stream.BUS_POSITION, tick(clock, ago=6 * MINUTE), course)
        clock.jump(NOW)
        publisher.written(Stream.BUS_POSITION, tick(clock), course)
        publisher.written(Stream.BUS_POSITION, tick(clock, 1), clock.course)
    assert len(bus.taken) == 1
