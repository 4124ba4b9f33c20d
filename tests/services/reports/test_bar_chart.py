"""Bar charts: values as heights, hostile names, equal bytes, refused input."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from services.reports.bar_chart import Bars, bars_svg
from tests.services.reports.svg_checks import HOSTILE, SVG, assert_names_stay_text, assert_self_contained


def bars(name: str = "Mean wait") -> Bars:
    return Bars(
        name, "s", (f"{name} A", f"{name} B"), ["05", "06", "01"], ([1.0, None, 3.0], [0.0, 250.0, 7.5])
    )


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


def test_hostile_names_stay_text() -> None:
    assert_names_stay_text(bars_svg(bars(HOSTILE)))


def test_equal_charts_are_equal_bytes_without_anything_from_outside() -> None:
    assert bars_svg(bars()) == bars_svg(bars())
    assert_self_contained(bars_svg(bars()))


def test_values_that_do_not_match_the_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="bars need labels"):
        bars_svg(Bars("", "", ("", ""), ["01"], ([1.0], [])))
