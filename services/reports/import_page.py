"""The report of a GTFS import as one HTML page, `import-report.html`.

The page loads nothing and runs nothing: no scripts, one style, whose hash its content security policy names.
Every text of the feed is escaped and isolated, since it may be in any script, or hostile.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from services.reports.bar_chart import Bars, bars_svg
from services.reports.network_map import MAP_STYLE, network_map_svg
from services.reports.svg import COLOURS, STYLE, escaped, inlined
from simulator.files.findings import Finding, Severity
from simulator.gtfs.report import REPORT, DayReport, ImportReport, LineReport
from simulator.network import Network
from simulator.types import DayType

PAGE = "import-report.html"
MOST_LINES = 5
"""Lines of a file that are named for a finding; the JSON has more."""

PAGE_STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#5a6675;--paper:#fff;--rule:#e3e7ed;--warn:#b02a2a}
@media (prefers-color-scheme:dark){
:root{--ink:#e6ebf2;--soft:#97a3b4;--paper:#141a22;--rule:#28313d;--warn:#ff9a92}
}
body{margin:0 auto;padding:1rem;max-width:1000px;font:16px/1.5 system-ui,sans-serif;color:var(--ink);
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
td.number{white-space:nowrap}
.warning{color:var(--warn);font-weight:600}
.quiet{color:var(--soft)}
"""


def import_page(report: ImportReport, network: Network) -> str:
    """Return the page of a report and the network that was made."""
    style = STYLE + MAP_STYLE + PAGE_STYLE
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'"
    title = f"Import of {report.feed}"
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escaped(title)}</title>\n<style>{style}</style>\n</head>\n<body>",
            f"<h1>Import of {_text(report.feed)}</h1>",
            *_bullets(report.summary),
            "<h2>Map</h2>",
            inlined(network_map_svg(network), "map"),
            *_days(report.days),
            *_lines(report.lines, {line.line_id: number for number, line in enumerate(network.lines)}),
            *_findings(report),
            f'<p class="quiet">The same for programs: {REPORT} beside this page.</p>',
            "</body>\n</html>\n",
        ]
    )


def _bullets(texts: Iterable[str]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{_text(text)}</li>" for text in texts)
    yield "</ul>"


def _days(days: Sequence[DayReport]) -> Iterator[str]:
    yield "<h2>Dates</h2>"
    yield "<p>One date of the feed stands for all days of its type.</p>"
    header = [*map(Cell, ("day type", "date", "why")), _number("departures")]
    yield from _table(header, map(_day, days))
    yield "<h2>Buses by hour</h2>"
    yield "<p>The most buses on a trip at once, by the timetable. Hours from 24 are after midnight.</p>"
    last = max((len(day.buses_by_hour) for day in days), default=0)
    if last:
        first = min(_first_hour(day) for day in days)
        hours = [f"{hour:02d}" for hour in range(first, last)]
        values = [_padded(day.buses_by_hour, last)[first:] for day in days]
        names = [f"{day.day_type}, {day.date}" for day in days]
        chart = inlined(bars_svg(Bars("Buses on trips", "buses", names, hours, values)), "hours")
        yield f'<div class="wide chart">{chart}</div>'


def _day(day: DayReport) -> list[Cell]:
    named = f"{date.fromisoformat(day.date):%a} {day.date}"
    return [*map(Cell, (day.day_type, named, day.why)), _number(f"{day.departures:,}")]


def _first_hour(day: DayReport) -> int:
    return next((hour for hour, buses in enumerate(day.buses_by_hour) if buses), 0)


def _padded(values: Sequence[int], length: int) -> list[float | None]:
    return [*values, *[0] * (length - len(values))]


def _lines(lines: Sequence[LineReport], places: Mapping[str, int]) -> Iterator[str]:
    """The lines, with their colours on the map: `places` are their places in the network."""
    yield f"<h2>Lines ({len(lines):,})</h2>"
    yield "<p>km/h: the speed between stops at a quiet hour. The dot is the line's colour on the map.</p>"
    kinds = [kind.value for kind in DayType if any(kind.value in line.departures for line in lines)]
    numbers = ("stops", "patterns", "buses", "km/h", *(f"{kind} trips" for kind in kinds))
    header = [*map(Cell, ("line", "name", "id in the feed")), *map(_number, numbers)]
    yield from _table(header, (_line(line, kinds, places[line.line_id]) for line in lines))


def _line(line: LineReport, kinds: Sequence[str], place: int) -> list[Cell]:
    counts = [f"{n:,}" for n in (line.stops, line.patterns, line.buses)]
    trips = [f"{line.departures.get(kind, 0):,}" for kind in kinds]
    numbers = (*counts, f"{line.speed_kmh:.1f}", *trips)
    return [Cell(line.line_id, colour=place), Cell(line.name), Cell(line.gtfs_id), *map(_number, numbers)]


def _findings(report: ImportReport) -> Iterator[str]:
    yield f"<h2>Left out, understood or assumed ({len(report.findings):,})</h2>"
    if not report.findings:
        yield "<p>Nothing: the whole feed came in.</p>"
        return
    yield "<p>What costs most trips comes first. A warning is likely a mistake in the feed; a note isn't.</p>"
    header = [Cell(""), Cell("what, and where"), _number("places"), _number("trips lost")]
    yield from _table(header, map(_finding, report.findings))


def _finding(found: Finding) -> list[Cell]:
    lines = ", ".join(map(str, found.lines[:MOST_LINES])) + (" …" if found.count > MOST_LINES else "")
    file = found.file.rpartition("/")[2]
    place = f"{file}, line {lines}" if found.lines else file
    kind = "warning" if found.severity is Severity.WARNING else ""
    counts = (f"{found.count:,}", f"{found.trips:,}" if found.trips else "")
    return [Cell(found.severity.value, kind), Cell(found.message, below=place), *map(_number, counts)]


class Cell(NamedTuple):
    """A cell of a table: its text and CSS class, the place of the line whose colour it has, a second text."""

    words: str
    kind: str = ""
    colour: int | None = None
    below: str = ""


def _number(words: str) -> Cell:
    return Cell(words, "number")


def _table(header: Iterable[Cell], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
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
        below = f'<div class="quiet">{_text(cell.below)}</div>'
    return f"<{element}{kind}>{dot}{_text(cell.words)}{below}</{element}>"


def _text(words: str) -> str:
    """Escaped, and isolated: right-to-left words don't reorder what is beside them."""
    return f"<bdi>{escaped(words)}</bdi>"
