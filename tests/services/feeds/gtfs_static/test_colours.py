"""Neighbouring lines differ in colour, and text can be read on each."""

from __future__ import annotations

from services.feeds.gtfs_static.colours import route_colours
from tests.case_table import each_case


def luminance(colour: str) -> float:
    """The relative luminance of six hexadecimal digits (WCAG 2.1)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@each_case("index", range(0, 360, 7))
def test_text_has_a_contrast_of_at_least_four_and_a_half(index: int) -> None:
    dark, light = sorted(map(luminance, route_colours(index)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_a_hundred_and_forty_four_lines_have_different_colours() -> None:
    assert route_colours(0) == ("E25A5A", "000000")
    assert len({route_colours(index) for index in range(144)}) == 144
