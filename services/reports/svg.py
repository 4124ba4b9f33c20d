"""Elements of SVG charts: a page with its style, text, rectangles, simplified polylines.

Equal arguments give equal bytes. Lengths are CSS pixels, rounded to a tenth. Colours follow the reader's
light or dark mode; title and description are for screen readers. No scripts, no fonts of its own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STYLE = """
text{font:12px system-ui,sans-serif;fill:#1b2430}
.title{font-size:15px;font-weight:600}
.soft{fill:#5a6675}
.paper{fill:#fff}
.grid{stroke:#e3e7ed}
.way path{fill:none;stroke-width:16;stroke-linejoin:round}
.way .before{stroke:#c3cad4;stroke-width:12}
.mark{fill:#d64545;fill-opacity:.13;stroke:#d64545;stroke-opacity:.5}
.marked{fill:#b02a2a;stroke:#fff;stroke-width:4;paint-order:stroke;font-weight:600}
.c0{stroke:#2563b8;fill:#2563b8}.c1{stroke:#d9731a;fill:#d9731a}.c2{stroke:#1a8754;fill:#1a8754}
.c3{stroke:#8e44ad;fill:#8e44ad}.c4{stroke:#b8372e;fill:#b8372e}.c5{stroke:#0e8a9a;fill:#0e8a9a}
.c6{stroke:#9a7400;fill:#9a7400}.c7{stroke:#c2408c;fill:#c2408c}
@media (prefers-color-scheme:dark){
text{fill:#e6ebf2}
.soft{fill:#97a3b4}
.paper{fill:#141a22}
.grid{stroke:#28313d}
.way .before{stroke:#434e5d}
.mark{fill:#ff7b72;stroke:#ff7b72}
.marked{fill:#ff9a92;stroke:#141a22}
.c0{stroke:#6aa9ff;fill:#6aa9ff}.c1{stroke:#ffa657;fill:#ffa657}.c2{stroke:#56d39a;fill:#56d39a}
.c3{stroke:#cf9bf0;fill:#cf9bf0}.c4{stroke:#ff8a80;fill:#ff8a80}.c5{stroke:#5ad3e0;fill:#5ad3e0}
.c6{stroke:#e3c04f;fill:#e3c04f}.c7{stroke:#ff92cf;fill:#ff92cf}
}
"""
COLOURS = 8
WIDTH, RIGHT, TOP, BOTTOM = 960, 24, 64, 36
"""The width of all charts and their margins."""
NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def escaped(text: str) -> str:
    """Escape text for XML elements and attributes; drop characters that XML doesn't allow."""
    return html.escape(NOT_XML.sub("", text))


def page(
    width: int, height: int, title: str, description: str, content: Iterable[str], *, style: str = STYLE
) -> str:
    """Return a whole SVG document; title and description are for screen readers."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" aria-labelledby="title desc">',
            f'<title id="title">{escaped(title)}</title>',
            f'<desc id="desc">{escaped(description)}</desc>',
            f"<style>{style}</style>",
            f'<rect class="paper" width="{width}" height="{height}" rx="8"/>',
            *content,
            "</svg>\n",
        ]
    )


def inlined(svg: str, key: str) -> str:
    """Return a document as part of an HTML page: with ids of its own; its style is left to the page."""
    start, _, rest = svg.partition("<style>")
    _, _, content = rest.partition("</style>\n")
    start = re.sub(r'(?<= id=")|(?<=labelledby=")|(?<=labelledby="title )', f"{key}-", start)
    return start + content


def text(x: float, y: float, words: str, *, kind: str = "", anchor: str = "start") -> str:
    """Return words whose baseline starts, ends or is centred at a point, as `anchor` says."""
    named = f' class="{kind}"' if kind else ""
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{px(x)}" y="{px(y)}"{named}{placed}>{escaped(words)}</text>'


def rect(x: float, y: float, width: float, height: float, *, kind: str, title: str) -> str:
    """Return a rectangle with a tooltip."""
    corners = f'x="{px(x)}" y="{px(y)}" width="{px(width)}" height="{px(height)}"'
    return f'<rect class="{kind}" {corners}><title>{escaped(title)}</title></rect>'


def rule(x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a grid line."""
    return f'<path class="grid" d="M{px(x1)} {px(y1)}L{px(x2)} {px(y2)}"/>'


def polyline(x: Floats, y: Floats, tolerance: float) -> str:
    """Return the `d` of a path, in tenths of a pixel, that misses no point by more than `tolerance` px."""
    kept = thinned(x, y, tolerance)
    tenths = np.rint(np.stack([x[kept], y[kept]], axis=1) * 10).astype(np.int64)
    first, steps = tenths[0].tolist(), np.diff(tenths, axis=0)
    moves = " ".join(f"{dx} {dy}" for dx, dy in steps[steps.any(axis=1)].tolist())
    return f"M{first[0]} {first[1]}l{moves or '0 0'}".replace(" -", "-")


def thinned(x: Floats, y: Floats, tolerance: float) -> list[int]:
    """Return the indices of points through which a line is nowhere farther than `tolerance` from the others.

    The algorithm of Douglas & Peucker (1973).
    """
    kept, open_ = [0, len(x) - 1], [(0, len(x) - 1)]
    while open_:
        low, high = open_.pop()
        if high - low < 2:
            continue
        inner = slice(low + 1, high)
        dx, dy = x[high] - x[low], y[high] - y[low]
        length = float(np.sqrt(dx * dx + dy * dy)) or 1.0
        off = np.abs(dx * (y[inner] - y[low]) - dy * (x[inner] - x[low])) / length
        far = int(np.argmax(off))
        if off[far] > tolerance:
            middle = low + 1 + far
            kept.append(middle)
            open_ += [(low, middle), (middle, high)]
    return sorted(set(kept))


def px(value: float) -> str:
    """Format a length, rounded to a tenth."""
    tenths = round(value * 10)
    return str(tenths // 10) if tenths % 10 == 0 else f"{tenths / 10:.1f}"


def shortened(words: str, most: int) -> str:
    """Cut words to `most` characters, with an ellipsis."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def round_step(greatest: float, most: int) -> float:
    """Return the smallest of 0.001, 0.002, 0.005, 0.01 … that reaches `greatest` in `most` steps."""
    for power in range(-3, 300):
        for step in (1, 2, 5):
            if float(f"{step}e{power}") * most >= greatest:
                return float(f"{step}e{power}")
    raise ValueError(f"{greatest!r} is too large for a chart")
