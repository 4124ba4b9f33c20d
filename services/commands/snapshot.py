"""`bus-simulator snapshot`: copy the store, even while a process uses it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from services.commands import options
from storage.errors import without_password


@click.command(
    epilog="""\b
Example:
  bus-simulator snapshot -o today.duckdb && duckdb today.duckdb"""
)
@options.output_option
@options.store_option
def snapshot(*, output: Path, store: str) -> None:
    """Copy the store at one moment into a DuckDB file.

    If a running `bus-simulator run` holds the store, it makes the copy.
    """
    from services.access.store_holder import SNAPSHOT_PATH, SUFFIX, copier, fetch_snapshot, read_holder
    from services.commands.atomic_files import draft
    from services.inputs.load import beside, opened
    from services.stack.city_here import name_other_store
    from storage.errors import StoreHeld

    name_other_store(store)
    with draft(output) as path:
        try:
            with closing(opened(store, must_exist=True)) as source:
                copier(source)(path)
        except StoreHeld:
            fetch_snapshot(read_holder(beside(store, SUFFIX)), SNAPSHOT_PATH, path)
    click.echo(f"{output} is a copy of {without_password(store)}.")
