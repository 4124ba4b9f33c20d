"""`bus-simulator import-gtfs`: convert a GTFS feed into a network folder."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.commands.options import option

if TYPE_CHECKING:
    from simulator.files.findings import Finding
    from simulator.gtfs.carried.carried_network import CarriedNetwork
    from simulator.gtfs.importer import Imported, Selection
    from simulator.gtfs.lines import Assumptions
    from simulator.gtfs.report import ImportReport
    from simulator.network import Network

MOST_LINES = 5
"""Findings that are printed; the report in the folder has all."""


def a_date(text: str) -> date:
    """Parse an ISO 8601 date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"'{text}' is not a date; write it as 2026-03-02") from None


def route_types(text: str) -> frozenset[int]:
    """Parse GTFS route types such as `3,11,700-716`."""
    found: set[int] = set()
    for part in filter(None, map(str.strip, text.split(","))):
        first, _, last = part.partition("-")
        last = last or first
        if not (first.isdecimal() and last.isdecimal() and int(first) <= int(last) <= 9999):
            raise click.BadParameter(f"'{part}' is not a route type; write them as 3,11,700-716")
        found.update(range(int(first), int(last) + 1))
    if not found:
        raise click.BadParameter("no route type; write them as 3,11,700-716")
    return frozenset(found)


@click.command(
    "import-gtfs",
    epilog="""\b
Examples:
  bus-simulator import-gtfs madrid.zip -o madrid
  bus-simulator import-gtfs madrid.zip -o three-lines --routes 27,C1 --routes N1 --date 2026-03-03
  bus-simulator import-gtfs madrid.zip -o march --from 2026-03-01 --to 2026-03-31
  bus-simulator run --network madrid
  bus-simulator run --gtfs madrid.zip""",
)
@click.argument("feed", type=click.Path(exists=True, path_type=Path))
@option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder to write; it appears when it is complete.",
)
@option(
    "--date",
    "near",
    metavar="DATE",
    type=a_date,
    default=None,
    show_default="a typical date of the feed",
    help="Date whose service to import; the dates of the other day types are chosen near it.",
)
@option(
    "--from",
    "first",
    metavar="DATE",
    type=a_date,
    default=None,
    show_default="the feed's first date",
    help="First of the dates from which typical ones are chosen.",
)
@option(
    "--to",
    "last",
    metavar="DATE",
    type=a_date,
    default=None,
    show_default="the feed's last date",
    help="Last of these dates.",
)
@option(
    "--routes",
    multiple=True,
    show_default="all routes",
    help="Route ids or short names to import, separated by commas; may be repeated.",
)
@option(
    "--route-types",
    "types",
    metavar="TYPES",
    type=route_types,
    default=None,
    show_default="3,11,700-716,800",
    help="GTFS route types to import as bus lines.",
)
@option("--strict", is_flag=True, help="Refuse a feed of which anything is doubtful or would be left out.")
@option("--capacity", type=click.IntRange(1, 1000), default=90, help="People that a bus holds.")
@option(
    "--people-per-trip",
    type=click.FloatRange(0, 1000),
    default=42.0,
    help="People who board a weekday trip of mean length; night trips have fewer.",
)
def import_gtfs(
    *,
    feed: Path,
    output: Path,
    near: date | None,
    first: date | None,
    last: date | None,
    routes: Sequence[str],
    types: frozenset[int] | None,
    strict: bool,
    capacity: int,
    people_per_trip: float,
) -> None:
    """Convert FEED, a GTFS zip or folder, into a network folder, and print what was assumed and left out.

    The folder holds network.yaml, timetable.csv, timings.csv and shapes.csv; --network of every command takes
    it. It also takes the feed itself, which is then imported with the default assumptions. Rows, trips and
    lines that can't be used are left out. import-report.html in the folder shows a map, all lines, and what
    was left out with file and line; import-report.json has the same for programs.

    A feed that export-gtfs wrote comes back as the network that it was, buses and passengers included, unless
    a table in it was edited or an option here selects or assumes something.
    """
    from services.errors import InputError
    from simulator.gtfs.importer import Selection
    from simulator.gtfs.lines import Assumptions
    from simulator.gtfs.routes import BUS_TYPES
    from simulator.network_files.tables import NETWORK

    if (feed / NETWORK).exists():
        raise InputError(f"{feed} is a network already: give it to --network of any command")
    if feed.resolve() == output.resolve():
        raise InputError(f"-o {output} is the feed itself: name another folder")
    if first is not None and last is not None and last < first:
        raise InputError(f"--to {last} is before --from {first}: put them in order")
    wanted = {name.strip() for given in routes for name in given.split(",") if name.strip()}
    selection = Selection(wanted or (), types or BUS_TYPES, near, first, last)
    assumed = Assumptions(capacity=capacity, people_per_trip=people_per_trip)
    as_exported = selection == Selection() and assumed == Assumptions()
    carried = _carried(feed, as_exported=as_exported)
    if carried is not None and carried.network is not None:
        _write_carried(carried.network, feed, output)
        return
    known = [] if carried is None else [carried.finding(feed)]
    _write_imported(_imported(feed, selection, assumed, known, strict=strict), output)


def _carried(feed: Path, *, as_exported: bool) -> CarriedNetwork | None:
    """The network that an exported feed carries, which counts only if it is wanted `as_exported`."""
    from services.errors import InputError
    from simulator.files.problems import InputFileError
    from simulator.gtfs.carried.carried_network import CarriedNetwork, read_carried_network

    try:
        carried = read_carried_network(feed)
    except InputFileError as error:
        raise InputError(str(error)) from error
    if carried is None or as_exported:
        return carried
    return CarriedNetwork(None, carried.reason or "options select or assume something")


def _write_carried(network: Network, feed: Path, output: Path) -> None:
    from services.commands.atomic_files import draft_folder
    from services.reports.import_page import PAGE, import_page
    from simulator.gtfs.carried.carried_folder import write_carried_network

    with draft_folder(output) as folder:
        report = write_carried_network(network, feed, folder)
        (folder / PAGE).write_text(import_page(report, network), encoding="utf-8")
    _print(report, output)


def _write_imported(imported: Imported, output: Path) -> None:
    from services.commands.atomic_files import draft_folder
    from services.reports.import_page import PAGE, import_page
    from simulator.gtfs.folder import write_folder

    with draft_folder(output) as folder:
        write_folder(imported, folder)
        page = import_page(imported.details, imported.network)
        (folder / PAGE).write_text(page, encoding="utf-8")
    _print(imported.details, output)


def _imported(
    feed: Path, selection: Selection, assumed: Assumptions, known: Sequence[Finding], *, strict: bool
) -> Imported:
    from services.console.work_progress import work_progress
    from services.errors import InputError
    from simulator.files.problems import InputFileError
    from simulator.gtfs.importer import import_feed

    try:
        with work_progress() as progress:
            return import_feed(
                feed,
                selection=selection,
                assumed=assumed,
                on_progress=progress,
                strict=strict,
                known=known,
            )
    except InputFileError as error:
        raise InputError(str(error)) from error


def _print(report: ImportReport, output: Path) -> None:
    """Print the summary and the most important lines of the report."""
    from services.reports.import_page import PAGE

    for line in report.summary:
        click.echo(line)
    for found in report.findings[:MOST_LINES]:
        click.echo(f"{found.severity}: {found}")
    more = len(report.findings) - MOST_LINES
    also = f", and {more} more findings" if more > 0 else ""
    click.echo(f"map, lines and timetable{also}: {output / PAGE}")
    click.echo(f"{output} is ready: bus-simulator run --network {shlex.quote(str(output))}")
