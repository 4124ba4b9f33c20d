"""`bus-simulator export-gtfs`: write a network as a GTFS feed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from services.commands import options
from services.commands.import_gtfs import a_date
from services.commands.options import option

FIRST, LAST = "2020-01-01", "2039-12-31"


@click.command(
    "export-gtfs",
    epilog="""\b
Examples:
  bus-simulator export-gtfs -o city.zip
  bus-simulator export-gtfs --network madrid -o madrid-again.zip
  bus-simulator export-gtfs --scenario match-day -o match-day.zip
  bus-simulator export-gtfs --from 2026-03-01 --to 2026-06-30 -o spring.zip
  bus-simulator validate city.zip
  bus-simulator run --gtfs city.zip""",
)
@options.output_option
@options.network_option
@option(
    "--scenario",
    metavar="NAME|FILE",
    default=None,
    help="Scenario whose extra buses run on its dates; the name of an included one, or a file.",
)
@option(
    "--from",
    "first",
    metavar="DATE",
    type=a_date,
    default=FIRST,
    help="First date of the feed's calendar.",
)
@option(
    "--to",
    "last",
    metavar="DATE",
    type=a_date,
    default=LAST,
    help="Last date of the feed's calendar.",
)
def export_gtfs(*, output: Path, network: Path | None, scenario: str | None, first: date, last: date) -> None:
    """Write the network as a GTFS feed, a zip for trip planners, departure boards and validators.

    The feed has the planned service: trips with their times at stops, shapes, and Madrid's holidays. Delays,
    loads and a scenario's disruptions aren't in it. docs/gtfs-export.md describes every file.

    The zip also carries the network itself, with buses and passengers, which GTFS doesn't know: imported
    again, it is the same network. A running simulator serves the same file at /gtfs.zip.
    """
    from services.commands.atomic_files import draft
    from services.console.work_progress import work_progress
    from services.errors import InputError
    from services.feeds.gtfs_static.feed_zip import write_feed
    from services.gtfs_trips.calendar import Span
    from services.inputs.load import load_inputs
    from simulator.gtfs.report import counted

    if last < first:
        raise InputError(f"--to {last} is before --from {first}: put them in order")
    with draft(output) as path, work_progress() as progress:
        inputs = load_inputs(network, None, scenario, progress)
        rows = write_feed(path, inputs.network, inputs.scenario, Span(first, last), progress)
    counts = (counted(rows[table], noun) for table, noun in NOUNS.items())
    click.echo(f"{output}: {', '.join(counts)}, from {first} to {last}.")


NOUNS = {"routes.txt": "route", "stops.txt": "stop", "trips.txt": "trip", "stop_times.txt": "stop time"}
"""What a row is of each table whose rows are counted."""
