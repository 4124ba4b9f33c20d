"""`bus-simulator digest`: what is in a store, as one hash a stream."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime

import click

from services import options


@click.command(
    epilog="""\b
Examples:
  bus-simulator digest
  bus-simulator digest --start 2026-03-02 --end 2026-03-03"""
)
@options.start_option
@options.end_option
@options.store_option
def digest(*, start: datetime | None, end: datetime | None, store: str) -> None:
    """Print `stream sha256` for each stream: equal data have equal digests, on any machine.

    Without --start and --end over all that the store has.
    """
    options.check_stretch(start, end)

    from services.inputs import opened
    from services.stretches import held
    from storage.digest import stream_digest
    from storage.schema import Stream

    with closing(opened(store, must_exist=True)) as source:
        for stream in Stream:
            first, last = held(source, stream, start, end)
            click.echo(f"{stream} {stream_digest(source.scan(stream, start=first, end=last), stream)}")
