"""`bus-simulator export`: write a stream to a file."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import click

from services.commands import options
from services.commands.options import option
from services.times import format_instant
from storage.schema import Stream
from storage.store import Store

if TYPE_CHECKING:
    from services.access.store_holder import Holder

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
FORMATS = ("parquet", "csv", "jsonl", "arrow")


@click.command(
    epilog="""\b
Examples:
  bus-simulator export --stream bus_position --format parquet -o positions.parquet
  bus-simulator export --stream people_count --start 2026-03-02 --end 2026-03-03 --format csv -o a.csv"""
)
@option("--stream", type=click.Choice([each.value for each in Stream]), required=True, help="The stream.")
@options.start_option
@options.end_option
@option("--format", type=click.Choice(FORMATS), required=True, help="File format.")
@options.output_option
@options.store_option
def export(
    *,
    stream: str,
    start: datetime | None,
    end: datetime | None,
    format: str,  # noqa: A002 - the option's name
    output: Path,
    store: str,
) -> None:
    """Write one stream to a file, ordered by time; without --start and --end all of it.

    If a running `bus-simulator run` holds the store, it sends the file, up to its present.
    """
    options.check_stretch(start, end)

    from services.access.store_holder import SUFFIX, read_holder
    from services.commands.atomic_files import draft
    from services.inputs.load import beside, opened
    from services.stack.city_here import name_other_store
    from storage.errors import StoreHeld

    name_other_store(store)
    wanted = Wanted(Stream(stream), start, end, format)
    with draft(output) as path:
        try:
            with closing(opened(store, must_exist=True)) as source:
                write_from(source, wanted, path, store)
        except StoreHeld:
            fetch(read_holder(beside(store, SUFFIX)), wanted, path)
    click.echo(f"{output} has {output.stat().st_size:,} bytes of {stream}.")


class Wanted(NamedTuple):
    """What to export; None is the beginning or the end of the data."""

    stream: Stream
    start: datetime | None
    end: datetime | None
    form: str


def write_from(source: Store, wanted: Wanted, path: Path, store: str) -> None:
    """Write a file from a store. Raises `ClickException` if the store has nothing of it."""
    from services.commands.covered_span import held, is_covered
    from services.web.formats.stream_files import file_pieces

    first, last = held(source, wanted.stream, wanted.start, wanted.end)
    if not is_covered(source, wanted.stream, first, last):
        whole = " to ".join(map(format_instant, held(source, wanted.stream, None, None)))
        raise click.ClickException(f"{store} has nothing of {wanted.stream} in that time; it has {whole}.")
    with path.open("wb") as file:
        file.writelines(file_pieces(source, wanted.stream, first, last, wanted.form))


def fetch(holder: Holder, wanted: Wanted, path: Path) -> None:
    """Download the file from the process that holds the store. Raises `StoreUnavailable` on failure."""
    from services.access.store_holder import EXPORT_PATH, fetch_snapshot

    query = urlencode(
        {
            "start": (wanted.start or EARLIEST).isoformat(),
            "end": (wanted.end or LATEST).isoformat(),
            "format": wanted.form,
        }
    )
    fetch_snapshot(holder, f"{EXPORT_PATH}/{wanted.stream}?{query}", path)
