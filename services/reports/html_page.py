"""HTML pages of reports: tables and texts in a page that loads nothing and runs nothing.

There are no scripts, and one style, whose hash the page's content security policy names. Texts are escaped,
and isolated in `bdi` elements, since names of stops and lines may be in any script.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.reports.svg import COLOURS, STYLE, escaped

PAGE_STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5a6675;--paper:#fff;--rule:#e3e7ed;--warn:#b02a2a}
@media (prefers-color-scheme:dark){
:root{--ink:#e6ebf2;--soft:#97a3b4;--paper:#141a22;--rule:#28313d;--warn:#ff9a92}
}
body{margin:0 auto;padding:1rem;max-width:1120px;font:16px/1.5 system-ui,sans-serif;color:var(--ink);
background:var(--paper);overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25}
h2{font-size:1.15rem;margin-top:2rem}
svg{display:block;width:100%;height:auto}
.wide{overflow-x:auto}
.chart svg{min-width:36rem}
.dot{display:inline-block;width:.7em;height:.7em;margin-inline-end:.4em}
table{border-collapse:collapse;width:100%;font-size:.9rem;overflow-wrap:normal}
th,td{padding:.3rem .6rem;text-align:start;vertical-align:top;border-bottom:1px solid var(--rule)}
th{color:var(--soft);font-weight:600}
.number{text-align:end;font-variant-numeric:tabular-nums}
td.number,td.id{white-space:nowrap}
td.name{min-width:11rem}
.warning{color:var(--warn);font-weight:600}
.quiet{color:var(--soft)}
"""


def html_page(title: str, content: Iterable[str], *, style: str = "") -> str:
    """Return a page with charts' style and `style`; its content is HTML."""
    styles = STYLE + style + PAGE_STYLE
    digest = base64.b64encode(hashlib.sha256(styles.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'"
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escaped(title)}</title>\n<style>{styles}</style>\n</head>\n<body>",
            *content,
            "</body>\n</html>\n",
        ]
    )


def bullets(texts: Iterable[str]) -> Iterator[str]:
    """Yield a list of texts."""
    yield "<ul>"
    yield from (f"<li>{isolated(text)}</li>" for text in texts)
    yield "</ul>"


class Cell(NamedTuple):
    """A cell of a table: its text and CSS class, the place of the line whose colour it has, a second text."""

    words: str
    kind: str = ""
    colour: int | None = None
    below: str = ""


def number(words: str) -> Cell:
    """Return a cell with a number, aligned to the right."""
    return Cell(words, "number")


def table(header: Iterable[Cell], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
    """Yield a table; a phone scrolls a wide one sideways."""
    yield '<div class="wide"><table>'
    yield f"<thead><tr>{''.join(_cell(cell, 'th') for cell in header)}</tr></thead><tbody>"
    yield from (f"<tr>{''.join(_cell(cell, 'td') for cell in row)}</tr>" for row in rows)
    yield "</tbody></table></div>"


def _cell(cell: Cell, element: str) -> str:
    kind = f' class="{cell.kind}"' if cell.kind else ""
    dot = below = ""
    if cell.colour is not None:
        circle = f'<circle class="c{cell.colour % COLOURS}" cx="5" cy="5" r="4"/>'
        dot = f'<svg class="dot" viewBox="0 0 10 10" aria-hidden="true">{circle}</svg>'
    if cell.below:
        below = f'<div class="quiet">{isolated(cell.below)}</div>'
    return f"<{element}{kind}>{dot}{isolated(cell.words)}{below}</{element}>"


def isolated(words: str) -> str:
    """Return escaped words, isolated: right-to-left words don't reorder what is beside them."""
    return f"<bdi>{escaped(words)}</bdi>"
