"""`bus-simulator import-gtfs`: convert a GTFS feed into a network folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click

from services.commands.options import option


def a_date(text: str) -> date:
    """Parse an ISO 8601 date."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"'{text}' is not a date; write it as 2026-03-02") from None


@click.command(
    "import-gtfs",
    epilog="""\b
Examples:
  bus-simulator import-gtfs madrid.zip -o madrid
  bus-simulator import-gtfs madrid.zip -o three-lines --routes 27,C1 --routes N1 --date 2026-03-03
  bus-simulator run --network madrid
  bus-simulator run --gtfs madrid.zip""",
)
@click.argument("feed", type=click.Path(exists=True, dir_okay=False, path_type=Path))
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
    show_default="the feed's busiest date",
    help="Date whose service to import; the dates of the other day types are chosen near it.",
)
@option(
    "--routes",
    multiple=True,
    show_default="all routes",
    help="Route ids or short names to import, separated by commas; may be repeated.",
)
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
    routes: Sequence[str],
    capacity: int,
    people_per_trip: float,
) -> None:
    """Convert FEED, a GTFS zip, into a network folder, and print the assumptions that were made.

    The folder holds network.yaml, timetable.csv and shapes.csv; --network of every command takes it. It also
    takes the zip itself, which is then imported with the default assumptions. An invalid feed is refused with
    a list of all its errors.
    """
    from services.commands.atomic_files import draft_folder
    from services.console.work_progress import work_progress
    from services.errors import InputError
    from simulator.files.problems import InputFileError
    from simulator.gtfs.folder import write_folder
    from simulator.gtfs.importer import import_feed
    from simulator.gtfs.lines import Assumptions

    wanted = {name.strip() for given in routes for name in given.split(",") if name.strip()}
    assumed = Assumptions(capacity=capacity, people_per_trip=people_per_trip)
    try:
        with work_progress() as progress:
            imported = import_feed(feed, near=near, routes=wanted, assumed=assumed, on_progress=progress)
    except InputFileError as error:
        raise InputError(str(error)) from error
    with draft_folder(output) as folder:
        write_folder(imported, folder)
    for line in imported.report:
        click.echo(line)
    click.echo(f"{output} is ready: bus-simulator run --network {output}")
