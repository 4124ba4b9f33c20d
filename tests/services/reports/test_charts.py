"""Charts: well-formed, the same bytes each time, small, and safe whatever things are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from services.reports.bar_chart import Bars, bars_svg
from services.reports.space_time_chart import MOST_BYTES, Mark, SpaceTime, space_time_svg
from services.reports.svg import polyline, px, round_step, thinned
from simulator.analysis.space_time import TripLine, trip_lines
from simulator.day.line_day import line_day
from simulator.service_day import origin_ms
from simulator.types import BusId
from tests.networks import line, street

pytestmark = pytest.mark.integration

DAY = date(2026, 3, 3)
LINE = line("L1", street(12))
HOSTILE = "<script>alert(\"1\")</script> & 'Ñuñoa' ]]> \x00\x0b\ud800"
SVG = "{http://www.w3.org/2000/svg}"


def diagram(
    hours: tuple[int, int] = (7, 10), name: str = "A stop", marks: Sequence[Mark] = (), count: int = 0
) -> SpaceTime:
    start, end = (origin_ms(DAY) + hour * 3_600_000 for hour in hours)
    stops = [(stop.distance_m, f"{name} {stop.stop_id}") for stop in LINE.patterns[0].stops]
    trips = trip_lines(line_day(LINE, seed=1, day=DAY), LINE, 0, start, end)
    many = [TripLine(BusId(f"{name} {i % 50}"), "T", trips[i % len(trips)].ms, trips[i % len(trips)].metres)
            for i in range(count)]  # fmt: skip
    return SpaceTime(name, f"About {name}.", start, end, stops, many or trips, marks, trips)


def bars(name: str = "Mean wait") -> Bars:
    return Bars(
        name, "s", (f"{name} A", f"{name} B"), ["05", "06", "01"], ([1.0, None, 3.0], [0.0, 250.0, 7.5])
    )


def test_a_diagram_has_a_path_for_each_bus_and_says_what_it_is() -> None:
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
    "draw", [lambda: space_time_svg(diagram(name=HOSTILE)), lambda: bars_svg(bars(HOSTILE))]
)
def test_hostile_names_stay_text(draw) -> None:  # type: ignore[no-untyped-def]
    svg = draw()
    assert "<script" not in svg
    root = ET.fromstring(svg.encode())
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "style", "rect", "path", "g", "text")
    }
    assert "<script>alert(\"1\")</script> & 'Ñuñoa' ]]>" in (root.findtext(f"{SVG}title") or "")


def test_equal_charts_are_equal_bytes_without_anything_from_outside() -> None:
    assert space_time_svg(diagram()) == space_time_svg(diagram())
    assert bars_svg(bars()) == bars_svg(bars())
    for svg in (space_time_svg(diagram()), bars_svg(bars())):
        assert re.findall(r"https?://[^\"]+", svg) == ["http://www.w3.org/2000/svg"]
        assert "href" not in svg


@pytest.mark.parametrize(("hours", "count"), [((7, 10), 0), ((5, 26), 0), ((7, 10), 3000)])
def test_charts_are_small(hours: tuple[int, int], count: int) -> None:
    assert len(space_time_svg(diagram(hours, count=count)).encode()) < MOST_BYTES


def test_bars_are_as_high_as_their_values() -> None:
    root = ET.fromstring(bars_svg(bars()))
    heights: dict[str, list[float]] = {"c0": [], "c1": []}
    for box in root.iter(f"{SVG}rect"):
        if box.get("class") in heights and box.get("y") != "38":
            heights[str(box.get("class"))].append(float(box.get("height", "")))
    assert len(heights["c0"]) == 2
    zero, greatest, small = heights["c1"]
    assert zero == 0
    assert small / greatest == pytest.approx(7.5 / 250, rel=0.05)
    assert [e.text for e in root.iter(f"{SVG}text")].count("01") == 1


def test_what_cant_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="two stops"):
        space_time_svg(SpaceTime("", "", 0, 1000, [(0.0, "only")], []))
    with pytest.raises(ValueError, match="two stops"):
        space_time_svg(SpaceTime("", "", 1000, 1000, [(0.0, "a"), (1.0, "b")], []))
    with pytest.raises(ValueError, match="bars need labels"):
        bars_svg(Bars("", "", ("", ""), ["01"], ([1.0], [])))


def test_thinned_ways_stay_within_the_tolerance() -> None:
    x = np.arange(500.0)
    y = np.cumsum(np.where(x.astype(int) % 7 < 3, 0.0, 1.3))
    kept = thinned(x, y, 0.8)
    assert len(kept) < 400
    assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() < 1.6
    assert thinned(x, 2 * x, 0.1) == [0, 499]
    assert polyline(np.array([1.0, 1.04, 2.0]), np.array([5.0, 5.0, 3.0]), 0.0) == "M10 50l10-20"
    assert polyline(np.array([1.0, 1.0]), np.array([5.0, 5.0]), 0.3) == "M10 50l0 0"


def test_lengths_and_steps_are_round() -> None:
    assert [px(value) for value in (1.0, 0.04, 12.34, -0.26)] == ["1", "0", "12.3", "-0.3"]
    assert [round_step(value, 5) for value in (0.01, 0.9, 5, 24, 480, 2600)] == [0.002, 0.2, 1, 5, 100, 1000]
