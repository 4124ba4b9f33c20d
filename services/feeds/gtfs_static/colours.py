"""The colours of lines in feeds, with black or white text, whichever is easier to read on them."""

from __future__ import annotations

import colorsys
from typing import NamedTuple

GOLDEN_ANGLE = 137.5
"""Degrees of hue from a line to the next: neighbours differ, and no two of 144 lines are equal."""
LIGHTNESS, SATURATION = 0.62, 0.70
BLACK, WHITE = "000000", "FFFFFF"


class RouteColours(NamedTuple):
    """A background and the text on it, as six hexadecimal digits."""

    colour: str
    text: str


def route_colours(index: int) -> RouteColours:
    """The colours of a network's line by its index.

    The contrast of the text is at least 4.5 (WCAG 2.1, AA): black or white reaches that on any colour.
    """
    hue = int(index * GOLDEN_ANGLE % 360 + 0.5) % 360
    channels = colorsys.hls_to_rgb(hue / 360, LIGHTNESS, SATURATION)
    digits = [round(255 * channel) for channel in channels]
    light = _luminance(*(digit / 255 for digit in digits))
    # The ratio to black is (light + 0.05) / 0.05, that to white 1.05 / (light + 0.05).
    text = BLACK if (light + 0.05) ** 2 >= 1.05 * 0.05 else WHITE
    return RouteColours("".join(f"{digit:02X}" for digit in digits), text)


def _luminance(red: float, green: float, blue: float) -> float:
    """The relative luminance of an sRGB colour (WCAG 2.1)."""
    weights = (0.2126, 0.7152, 0.0722)
    return sum(w * _linear(channel) for w, channel in zip(weights, (red, green, blue), strict=True))


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
