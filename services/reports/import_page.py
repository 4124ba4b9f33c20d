"""The report of a GTFS import as one HTML page, `import-report.html`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from services.reports.bar_chart import Bars, bars_svg
from services.reports.html_page import Cell, bullets, html_page, isolated, number, table
from services.reports.network_map import MAP_STYLE, network_map_svg
from services.reports.svg import inlined
from simulator.files.findings import Finding, Severity
from simulator.gtfs.report import REPORT, DayReport, ImportReport, LineReport
from simulator.network import Network
from simulator.types import DayType

PAGE = "import-report.html"
MOST_WORST = 5
"""Lines that are listed for their running times."""
LEAST_ERROR = 0.00005
"""A smaller difference is shown as 0.00 %."""
MOST_LINES = 5
"""Lines of a file that are named for a finding; the JSON has more."""


def import_page(report: ImportReport, network: Network) -> str:
    """Return the page of a report and the network that was made."""
    places: dict[str, int] = {line.line_id: number for number, line in enumerate(network.lines)}
    content = [
        f"<h1>Import of {isolated(report.feed)}</h1>",
        *bullets(report.summary),
        "<h2>Map</h2>",
        inlined(network_map_svg(network), "map"),
        *(_days(report.days) if report.days else ()),
        *(_running_times(report.lines, places) if report.days else ()),
        *_lines(report.lines, places),
        *_findings(report),
        f'<p class="quiet">The same for programs: {REPORT} beside this page.</p>',
    ]
    return html_page(f"Import of {report.feed}", content, style=MAP_STYLE)


def _days(days: Sequence[DayReport]) -> Iterator[str]:
    yield "<h2>Dates</h2>"
    yield "<p>One date of the feed stands for all days of its type.</p>"
    header = [*map(Cell, ("day type", "date", "why")), number("departures")]
    yield from table(header, map(_day, days))
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
    return [*map(Cell, (day.day_type, named, day.why)), number(f"{day.departures:,}")]


def _first_hour(day: DayReport) -> int:
    return next((hour for hour, buses in enumerate(day.buses_by_hour) if buses), 0)


def _padded(values: Sequence[int], length: int) -> list[float | None]:
    return [*values, *[0] * (length - len(values))]


def _running_times(lines: Sequence[LineReport], places: Mapping[str, int]) -> Iterator[str]:
    """The lines whose planned running times are farthest from the timetable's."""
    yield "<h2>Speeds against the timetable</h2>"
    yield "<p>How much the model's planned running times differ from the feed's, on a line's patterns.</p>"
    worst = sorted(lines, key=lambda line: (-line.worst_time_error, line.line_id))[:MOST_WORST]
    rows = [_farthest(line, places[line.line_id]) for line in worst if line.worst_time_error >= LEAST_ERROR]
    if not rows:
        yield "<p>On every line they are the same.</p>"
        return
    header = [Cell("the farthest lines"), Cell("name"), number("median pattern"), number("worst pattern")]
    yield from table(header, rows)


def _farthest(line: LineReport, place: int) -> list[Cell]:
    named = (Cell(line.line_id, "id", colour=place), Cell(line.name, "name"))
    return [*named, *map(number, _errors(line))]


def _errors(line: LineReport) -> tuple[str, str]:
    """The median and the worst difference of a line's patterns."""
    return f"{100 * line.median_time_error:.2f} %", f"{100 * line.worst_time_error:.2f} %"


def _lines(lines: Sequence[LineReport], places: Mapping[str, int]) -> Iterator[str]:
    """The lines, with their colours on the map: `places` are their places in the network."""
    yield f"<h2>Lines ({len(lines):,})</h2>"
    yield "<p>km/h: the speed between stops at a quiet hour. Median and worst: running times against the"
    yield "timetable. A bus runs the trips of a block of the feed, or those that fit one after the other.</p>"
    kinds = [kind.value for kind in DayType if any(kind.value in line.departures for line in lines)]
    numbers = ("stops", "patterns", "km/h", *(f"{kind} trips" for kind in kinds), "median", "worst", "buses")
    header = [*map(Cell, ("line", "name", "id in the feed")), *map(number, numbers), Cell("trips of a bus")]
    yield from table(header, (_line(line, kinds, places[line.line_id]) for line in lines))


def _line(line: LineReport, kinds: Sequence[str], place: int) -> list[Cell]:
    trips = [f"{line.departures.get(kind, 0):,}" for kind in kinds]
    sizes = (f"{line.stops:,}", f"{line.patterns:,}", f"{line.speed_kmh:.1f}")
    numbers = (*sizes, *trips, *_errors(line), f"{line.buses:,}")
    named = (Cell(line.line_id, "id", colour=place), Cell(line.name, "name"), Cell(line.gtfs_id))
    return [*named, *map(number, numbers), Cell("as in block_id" if line.follows_blocks else "linked")]


def _findings(report: ImportReport) -> Iterator[str]:
    yield f"<h2>Left out, understood or assumed ({len(report.findings):,})</h2>"
    if not report.findings:
        yield "<p>Nothing: the whole feed came in.</p>"
        return
    yield "<p>What costs most trips comes first. A warning is likely a mistake in the feed; a note isn't.</p>"
    header = [Cell(""), Cell("what, and where"), number("places"), number("trips lost")]
    yield from table(header, map(_finding, report.findings))


def _finding(found: Finding) -> list[Cell]:
    lines = ", ".join(map(str, found.lines[:MOST_LINES])) + (" …" if found.count > MOST_LINES else "")
    file = found.file.rpartition("/")[2]
    place = f"{file}, line {lines}" if found.lines else file
    kind = "warning" if found.severity is Severity.WARNING else ""
    counts = (f"{found.count:,}", f"{found.trips:,}" if found.trips else "")
    return [Cell(found.severity.value, kind), Cell(found.message, below=place), *map(number, counts)]
