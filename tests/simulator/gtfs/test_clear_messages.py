"""Messages say what is wrong with a row, not something near it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from simulator.files.findings import Severity
from simulator.gtfs.importer import import_feed
from tests.gtfs_feeds import zipped
from tests.simulator.gtfs.feed_builder import Call, Trip, feed_of, hourly

FEED: Mapping[str, str] = feed_of(hourly())
TIMES, STOPS = FEED["stop_times.txt"], FEED["stops.txt"]
SHAPE = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\nS,40.40,-3.7,1\n"

CASES = {
    "leaves before it arrives": (
        {"stop_times.txt": TIMES.replace("WK70,07:05:00,", "WK70,07:06:00,")},
        "leaves stop B before it arrives there: trip WK70 is left out",
    ),
    "arrives before it left": (
        {"stop_times.txt": TIMES.replace("WK70,07:05:00,07:05:00", "WK70,06:55:00,06:55:00")},
        "arrives at stop B before it left the previous stop: trip WK70 is left out",
    ),
    "a sequence too large": (
        {"stop_times.txt": TIMES.replace("07:05:00,B,1\n", "07:05:00,B,99999999999\n", 1)},
        '`stop_sequence` must be a whole number from 0 to 999,999,999, got "99999999999": trip WK70',
    ),
    "NUL characters": (
        {"stops.txt": STOPS.replace("A,A,", "A,A\0,")},
        "has NUL characters: they are left out",
    ),
}


def said_of(files: Mapping[str, str], folder: Path) -> list[str]:
    found = import_feed(zipped(folder / "feed.zip", files)).details.findings
    return [each.message for each in found if each.severity is Severity.WARNING]


@pytest.mark.parametrize("case", CASES)
def test_a_warning_says_what_is_wrong(case: str, tmp_path: Path) -> None:
    changed, words = CASES[case]
    [said] = said_of({**FEED, **changed}, tmp_path)
    assert said.startswith(words)


@pytest.mark.parametrize("step_s", [0, 5, 20])
def test_trips_faster_than_any_bus_are_reported(step_s: int, tmp_path: Path) -> None:
    fast = [
        Trip(
            trip.trip_id,
            trip.service,
            trip.direction,
            [
                Call(call.stop, at, at)
                for number, call in enumerate(trip.calls)
                for at in [(trip.calls[0].leaves_s or 0) + step_s * number]
            ],
        )
        for trip in hourly()
    ]
    [said] = said_of(feed_of(fast), tmp_path)
    assert said.startswith(
        "line 1: by the timetable trips of 2 of its 2 patterns, 1-0 first, go over twice as"
    )
    assert said_of(FEED, tmp_path) == []


def test_a_shape_of_one_point_is_said_to_be_of_no_use(tmp_path: Path) -> None:
    header, *rows = FEED["trips.txt"].splitlines()
    trips = "\n".join([f"{header},shape_id", *(f"{row},S" for row in rows), ""])
    made = import_feed(zipped(tmp_path / "feed.zip", {**FEED, "trips.txt": trips, "shapes.txt": SHAPE}))
    assert any("the shape doesn't pass the stops in their order: 1-0" in line for line in made.report)
