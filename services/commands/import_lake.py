"""`bus-simulator import-lake`: copy a lake into a store that can be written."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing

import click

from services.commands import options
from services.commands.backfill import speed
from storage.errors import without_password


@click.command(
    "import-lake",
    epilog="""\b
Examples:
  bus-simulator import-lake week --store duckdb:week.duckdb
  bus-simulator import-lake s3://bucket/week --store 'postgresql://bus@db.example/bus'""",
)
@click.argument("lake", metavar="PATH|s3://BUCKET/PREFIX")
@options.store_option
@options.new_inputs_option
def import_lake(*, lake: str, store: str, continue_with_new_inputs: bool) -> None:
    """Copy the records and the coverage of a lake into a store.

    Hours that the store has already are skipped, so that an interrupted import continues where it stopped.
    """
    from services.console.work_progress import work_progress
    from services.inputs.load import LAKE, opened
    from services.lake.copying import copy
    from services.stack.city_here import name_other_store

    name_other_store(store)
    url = LAKE + lake.removeprefix(LAKE)
    with ExitStack() as stack:
        progress = stack.enter_context(work_progress())
        source = stack.enter_context(closing(opened(url)))
        target = stack.enter_context(closing(opened(store, for_writing=True)))
        began = time.perf_counter()
        rows = copy(source, target, continue_with_new_inputs=continue_with_new_inputs, on_progress=progress)
        seconds = time.perf_counter() - began
    click.echo(f"{without_password(store)} has all of {url}.")
    click.echo(speed(rows, seconds))
