"""Realtime messages against the static feed, by gtfs-rt-validator: none has an error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from google.transit.gtfs_realtime_pb2 import FeedMessage, TripDescriptor, TripUpdate

from services.inputs.scenario_library import shipped
from tests.services.feeds.gtfs_realtime.realtime_world import LINES, RealtimeWorld, at, findings, world

pytestmark = pytest.mark.integration

WARM_UP = timedelta(minutes=80)

MISREAD = "E019"
"""The rule compares start times with frequencies.txt. In vehicles it takes seconds modulo 360 for minutes,
as the validator that it was ported from, so it refuses most that are right; in trip updates it doesn't.
"""


def errors(of: RealtimeWorld, messages: Sequence[FeedMessage], folder: Path) -> list[str]:
    """The errors in messages, without those of vehicles' start times that the validator misreads."""
    found = findings(of.static_feed(folder), messages, folder, "ERROR")
    misread = sum(each.count for each in found if each.code == MISREAD)
    wrong = [f"{each.code}: {each.samples[0]}" for each in found if each.code != MISREAD]
    if misread != sum(map(misread_vehicles, messages)):
        wrong.append(f"{MISREAD}: {misread}")
    return wrong


def misread_vehicles(message: FeedMessage) -> int:
    """How many vehicles have a start time that the validator misreads; their trip updates have the same."""
    trips = [entity.trip_update.trip for entity in message.entity if entity.HasField("trip_update")]
    started = {(trip.trip_id, trip.start_time) for trip in trips}
    found = 0
    for entity in message.entity:
        trip = entity.vehicle.trip
        if entity.HasField("vehicle") and trip.start_time:
            assert (trip.trip_id, trip.start_time) in started
            hours, minutes, seconds = map(int, trip.start_time.split(":"))
            found += (3600 * hours + 60 * minutes + seconds) % 360 != minutes
    return found


def relationships(messages: Sequence[FeedMessage]) -> set[str]:
    return {
        TripDescriptor.ScheduleRelationship.Name(entity.trip_update.trip.schedule_relationship)
        for message in messages
        for entity in message.entity
        if entity.HasField("trip_update")
    }


def skips(messages: Sequence[FeedMessage]) -> int:
    return sum(
        stop.schedule_relationship == TripUpdate.StopTimeUpdate.SKIPPED
        for message in messages
        for entity in message.entity
        for stop in entity.trip_update.stop_time_update
    )


def alerts(messages: Sequence[FeedMessage]) -> set[str]:
    return {entity.id for message in messages for entity in message.entity if entity.HasField("alert")}


def test_messages_of_a_morning_have_no_errors(tmp_path: Path) -> None:
    start = at(2026, 3, 3, 7)
    of = world(None, start - WARM_UP, start + timedelta(minutes=2), tmp_path, ("L1", "L6"))
    messages = [of.whole(start + n * timedelta(seconds=30)) for n in range(3)]
    assert errors(of, messages, tmp_path) == []


SCENARIOS: dict[str, tuple[datetime, set[str], set[str]]] = {
    "august": (at(2026, 8, 12, 8), {"SCHEDULED"}, set()),
    "breakdown-at-rush-hour": (at(2026, 3, 10, 7, 10), {"SCHEDULED"}, {"breakdown-1", "breakdown-2"}),
    "bunching": (at(2026, 3, 11, 7, 30), {"SCHEDULED", "ADDED"}, set()),
    "bunching-holding": (at(2026, 3, 11, 7, 30), {"SCHEDULED"}, set()),
    "closure": (
        at(2026, 3, 13, 16, 20),
        {"SCHEDULED", "ADDED"},
        {"closure-1", "closure-2", "closure-3", "closed-stop-1", "slow-zone-1"},
    ),
    "match-day": (
        at(2026, 3, 14, 19, 30),
        {"SCHEDULED"},
        {"surge-1", "surge-2", "surge-3", "slow-zone-1", "extra-buses-1"},
    ),
    "rain": (at(2026, 3, 4, 7), {"SCHEDULED"}, {"rain"}),
    "saturday": (at(2026, 3, 7, 12), {"SCHEDULED"}, set()),
    "strike": (at(2026, 3, 5, 8), {"SCHEDULED", "CANCELED"}, {"strike-1", "strike-2"}),
    "weekday": (at(2026, 3, 3, 17), {"SCHEDULED"}, set()),
}


@pytest.mark.long
@pytest.mark.parametrize("name", SCENARIOS)
def test_messages_of_a_scenario_have_no_errors(name: str, tmp_path: Path) -> None:
    start, of_trips, notices = SCENARIOS[name]
    lines = {"closure": LINES, "match-day": ("L1", "L2", "L3")}.get(name, ("L1", "L6"))
    of = world(name, start - WARM_UP, start + timedelta(minutes=41), tmp_path, lines)
    messages = [of.whole(start + n * timedelta(minutes=8)) for n in range(6)]
    assert errors(of, messages, tmp_path) == []
    assert of_trips <= relationships(messages)
    assert alerts(messages) == notices
    assert (skips(messages) > 0) == (name in ("closure", "breakdown-at-rush-hour"))


def test_every_shipped_scenario_is_tried() -> None:
    # The messages of faulty-wire are wrong on purpose.
    assert {*SCENARIOS, "faulty-wire"} == set(shipped())


@pytest.mark.long
def test_messages_of_a_whole_rush_hour_have_no_errors(tmp_path: Path) -> None:
    start = at(2026, 3, 3, 7)
    of = world(None, start - WARM_UP, start + timedelta(minutes=61), tmp_path, ("L1", "L3"))
    messages = [of.whole(start + n * timedelta(minutes=2)) for n in range(31)]
    assert errors(of, messages, tmp_path) == []
