"""`bus-simulator export`: write a stream to a file."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path

import click

from services.commands import options
from services.commands.options import option
from services.times import format_instant
from storage.schema import Stream

FORMATS = ("parquet", "csv", "jsonl")


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
    """Write one stream to a file, ordered by time; without --start and --end all of it."""
    options.check_stretch(start, end)

    from services.commands.atomic_files import draft
    from services.commands.covered_span import held, is_covered
    from services.commands.export_formats import write_tables
    from services.inputs.load import opened

    wanted = Stream(stream)
    with closing(opened(store, must_exist=True)) as source:
        first, last = held(source, wanted, start, end)
        if not is_covered(source, wanted, first, last):
            whole = " to ".join(map(format_instant, held(source, wanted, None, None)))
            raise click.ClickException(f"{store} has nothing of {stream} in that time; it has {whole}.")
        with draft(output) as path:
            rows = write_tables(path, format, wanted, source.scan(wanted, start=first, end=last))
    click.echo(f"{rows:,} rows in {output}.")
