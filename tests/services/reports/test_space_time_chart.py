"""Space-time diagrams: well-formed, small, equal bytes for equal input, hostile names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from services.reports.space_time_chart import MOST_BYTES, Mark, SpaceTime, space_time_svg
from simulator.analysis.space_time import TripLine, trip_lines
from simulator.day.line_day import line_day
from simulator.service_day import origin_ms
from simulator.types import BusId
from tests.networks import line, street
from tests.services.reports.svg_checks import HOSTILE, SVG, assert_names_stay_text, assert_self_contained

pytestmark = pytest.mark.integration

DAY = date(2026, 3, 3)
LINE = line("L1", street(12))


def diagram(
    hours: tuple[int, int] = (7, 10), name: str = "A stop", marks: Sequence[Mark] = (), count: int = 0
) -> SpaceTime:
    start, end = (origin_ms(DAY) + hour * 3_600_000 for hour in hours)
    stops = [(stop.distance_m, f"{name} {stop.stop_id}") for stop in LINE.patterns[0].stops]
    trips = trip_lines(line_day(LINE, seed=1, day=DAY), LINE, 0, start, end)
    many = [TripLine(BusId(f"{name} {i % 50}"), "T", trips[i % len(trips)].ms, trips[i % len(trips)].metres)
            for i in range(count)]  # fmt: skip
    return SpaceTime(name, f"About {name}.", start, end, stops, many or trips, marks, trips)


def test_a_diagram_has_a_path_for_each_bus_title_and_description() -> None:
    root = ET.fromstring(space_time_svg(diagram()))
    assert root.get("role") == "img"
    assert [root.findtext(f"{SVG}{part}") for part in ("title", "desc")] == ["A stop", "About A stop."]
    assert root.get("aria-labelledby") == "title desc"
    paths = [path for path in root.iter(f"{SVG}path") if path.findtext(f"{SVG}title")]
    assert [path.findtext(f"{SVG}title") for path in paths] == ["B001", "B002", "B003"]
    shown = [each.text or "" for each in root.iter(f"{SVG}text")]
    assert "07:00" in shown
    assert "10:00" in shown
    assert "A stop S001" in shown
    assert "A stop S012" in shown
    assert "prefers-color-scheme:dark" in (root.findtext(f"{SVG}style") or "")


def test_the_clock_is_madrids_in_summer_too() -> None:
    start = origin_ms(date(2026, 7, 1)) + 7 * 3_600_000
    chart = SpaceTime("July", "", start, start + 3_600_000, [(0.0, "a"), (1.0, "b")], [])
    assert ">07:00<" in space_time_svg(chart)


def test_a_mark_is_drawn_where_and_when_it_was() -> None:
    start = origin_ms(DAY) + 8 * 3_600_000
    outside = Mark(start - 7_200_000, start - 6_000_000, 0, 1, "before")
    svg = space_time_svg(diagram(marks=[Mark(start, start + 1_800_000, 500, 1500, HOSTILE), outside]))
    boxes = [box for box in ET.fromstring(svg).iter(f"{SVG}rect") if box.get("class") == "mark"]
    assert len(boxes) == 1
    assert float(boxes[0].get("width", "0")) == pytest.approx((960 - 204 - 24) / 6, abs=0.1)
    assert (boxes[0].findtext(f"{SVG}title") or "").endswith(", 08:00 to 08:30")


@pytest.mark.parametrize(
    ("hours", "count"), [((7, 10), 0), ((5, 26), 0), pytest.param((7, 10), 3000, marks=pytest.mark.long)]
)
def test_charts_are_small(hours: tuple[int, int], count: int) -> None:
    assert len(space_time_svg(diagram(hours, count=count)).encode()) < MOST_BYTES


def test_a_diagram_without_two_stops_or_without_time_is_refused() -> None:
    with pytest.raises(ValueError, match="two stops"):
        space_time_svg(SpaceTime("", "", 0, 1000, [(0.0, "only")], []))
    with pytest.raises(ValueError, match="two stops"):
        space_time_svg(SpaceTime("", "", 1000, 1000, [(0.0, "a"), (1.0, "b")], []))


def test_hostile_names_stay_text() -> None:
    assert_names_stay_text(space_time_svg(diagram(name=HOSTILE)))


def test_equal_charts_are_equal_bytes_without_anything_from_outside() -> None:
    assert space_time_svg(diagram()) == space_time_svg(diagram())
    assert_self_contained(space_time_svg(diagram()))
