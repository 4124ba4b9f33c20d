"""A network as an SVG sketch: the main patterns of every line from above, north up, with a scale.

At most `MOST_BYTES` unless thousands of lines don't fit; equal input gives equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from services.reports.svg import COLOURS, STYLE, WIDTH, Floats, escaped, page, polyline, px, text
from simulator.geometry import METRES_PER_DEGREE
from simulator.network import Line, Network

MARGIN, SCALE_PX = 20, 36
"""Pixels around the lines, and below them for the scale."""
LEAST_HEIGHT, MOST_HEIGHT = 160, 800
MOST_PX_PER_M = 0.15
"""A line of a few stops doesn't fill the page."""
TOLERANCE_PX, COARSEST_PX = 0.4, 6.4
MOST_BYTES = 400_000
LONGEST_SCALE_PX = 200
MAP_STYLE = """
.map path{fill:none;stroke-linejoin:round;stroke-linecap:round}
.map path:hover{stroke-width:60}
.stops{fill:#fff;stroke:#5a6675}
.axis{fill:none;stroke:#5a6675}
@media (prefers-color-scheme:dark){
.stops{fill:#141a22;stroke:#97a3b4}
.axis{stroke:#97a3b4}
}
"""
MOST_STOPS = 300
"""Networks with more stops are drawn without them."""


@dataclass(frozen=True, slots=True)
class Projection:
    """Degrees as pixels: equirectangular, true to scale at the network's middle."""

    west: float
    north: float
    cosine: float
    px_per_m: float
    left: float
    height: int

    def x(self, longitude: Floats) -> Floats:
        """Return pixels from the left edge."""
        return self.left + (longitude - self.west) * self.cosine * METRES_PER_DEGREE * self.px_per_m

    def y(self, latitude: Floats) -> Floats:
        """Return pixels from the upper edge."""
        return MARGIN + (self.north - latitude) * METRES_PER_DEGREE * self.px_per_m


def network_map_svg(network: Network) -> str:
    """Draw a network's lines, a colour for each, thin where there are many."""
    onto = _projection(network)
    tolerance = TOLERANCE_PX
    lines = _drawn_lines(network, onto, tolerance)
    while sum(map(len, lines)) > MOST_BYTES and tolerance < COARSEST_PX:
        tolerance *= 2
        lines = _drawn_lines(network, onto, tolerance)
    width = 3 if len(network.lines) <= 30 else 1.5
    content = [f'<g class="map" stroke-width="{px(width * 10)}" transform="scale(.1)">', *lines, "</g>"]
    content += _stops(network, onto)
    content += _scale(onto)
    words = f"{len(network.lines)} lines and {len(network.stops)} stops, north up."
    return page(WIDTH, onto.height, "Map of the lines", words, content, style=STYLE + MAP_STYLE)


def _projection(network: Network) -> Projection:
    """The projection in which the shapes fill the width, or the greatest height."""
    points = [point for line in network.lines for pattern in line.patterns for point in pattern.shape]
    latitudes = np.array([point.latitude for point in points])
    longitudes = np.array([point.longitude for point in points])
    north, south = float(latitudes.max()), float(latitudes.min())
    west, east = float(longitudes.min()), float(longitudes.max())
    cosine = round(math.cos(math.radians((north + south) / 2)), 9)
    wide_m = (east - west) * cosine * METRES_PER_DEGREE
    high_m = (north - south) * METRES_PER_DEGREE
    room_x, room_y = WIDTH - 2 * MARGIN, MOST_HEIGHT - MARGIN - SCALE_PX
    px_per_m = min(room_x / max(wide_m, 1.0), room_y / max(high_m, 1.0), MOST_PX_PER_M)
    height = max(LEAST_HEIGHT, round(high_m * px_per_m) + MARGIN + SCALE_PX)
    return Projection(west, north, cosine, px_per_m, (WIDTH - wide_m * px_per_m) / 2, height)


def _drawn_lines(network: Network, onto: Projection, tolerance: float) -> list[str]:
    return [_drawn(line, number, onto, tolerance) for number, line in enumerate(network.lines)]


def _drawn(line: Line, number: int, onto: Projection, tolerance: float) -> str:
    """A path with the main pattern of each direction, and the line's name as tooltip."""
    paths = []
    for pattern in filter(None, (line.main_pattern(direction) for direction in (0, 1))):
        x = onto.x(np.array([point.longitude for point in pattern.shape]))
        y = onto.y(np.array([point.latitude for point in pattern.shape]))
        paths.append(polyline(x, y, tolerance))
    title = f"<title>{escaped(f'{line.line_id} · {line.name}')}</title>"
    return f'<path class="c{number % COLOURS}" d="{"".join(paths)}">{title}</path>'


def _stops(network: Network, onto: Projection) -> Iterator[str]:
    if len(network.stops) > MOST_STOPS:
        return
    yield '<g class="stops">'
    x = onto.x(np.array([stop.longitude for stop in network.stops]))
    y = onto.y(np.array([stop.latitude for stop in network.stops]))
    for stop, left, top in zip(network.stops, x.tolist(), y.tolist(), strict=True):
        yield f'<circle cx="{px(left)}" cy="{px(top)}" r="2"><title>{escaped(stop.name)}</title></circle>'
    yield "</g>"


def _scale(onto: Projection) -> Iterator[str]:
    """A bar of the longest of 100 m, 200 m, 500 m, 1 km … that fits."""
    steps = [step * 10**power for power in range(1, 7) for step in (1, 2, 5)]
    metres = max((step for step in steps if step * onto.px_per_m <= LONGEST_SCALE_PX), default=steps[0])
    y = onto.height - 14
    end = MARGIN + metres * onto.px_per_m
    yield f'<path class="axis" d="M{px(MARGIN)} {px(y - 5)}v5H{px(end)}v-5"/>'
    yield text(end + 8, y, f"{metres // 1000} km" if metres >= 1000 else f"{metres} m", kind="soft")
