"""`bus-simulator digest`: one hash per stream."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from services.commands import options

if TYPE_CHECKING:
    from simulator.city import City
    from simulator.scenario.scenario import Scenario
    from storage.schema import Stream


@click.command(
    epilog="""\b
Examples:
  bus-simulator digest
  bus-simulator digest --start 2026-03-02 --end 2026-03-03
  bus-simulator digest strike"""
)
@click.argument("scenario", metavar="[SCENARIO]", required=False)
@options.start_option
@options.end_option
@options.network_option
@options.seed_option
@options.store_option
@options.jobs_option
def digest(
    *,
    scenario: str | None,
    start: datetime | None,
    end: datetime | None,
    network: Path | None,
    seed: int | None,
    store: str,
    jobs: int | None,
) -> None:
    """Print `stream sha256` for each stream. Equal data have equal digests on every machine.

    Without SCENARIO it reads the store's data between --start and --end, by default all; the digest of its
    journal, if it has one, goes to stderr, since the exported scenario's streams have equal digests without
    one. With SCENARIO, a name or a file, it simulates the scenario's dates, and needs no store.
    """
    options.check_stretch(start, end)
    if scenario is None:
        print_stored(store, start, end)
    else:
        print_simulated(scenario, network, seed, jobs, start, end)


def print_stored(store: str, start: datetime | None, end: datetime | None) -> None:
    """Print the digests of the data in a store."""
    from services.commands.covered_span import held
    from services.inputs.load import opened
    from services.stack.city_here import name_other_store
    from storage.digest import stream_digest
    from storage.journal import journal_digest
    from storage.schema import Stream

    name_other_store(store)
    with closing(opened(store, must_exist=True)) as source:
        for stream in Stream:
            first, last = held(source, stream, start, end)
            click.echo(f"{stream} {stream_digest(source.scan(stream, start=first, end=last), stream)}")
        made = source.journal()
        if made:
            click.echo(f"journal {journal_digest(made)}", err=True)


def print_simulated(
    text: str,
    network: Path | None,
    seed: int | None,
    jobs: int | None,
    start: datetime | None,
    end: datetime | None,
) -> None:
    """Simulate a scenario's dates and print their digests."""
    from services.console.work_progress import work_progress
    from services.inputs.load import load_inputs

    with work_progress() as progress, ExitStack() as stack:
        inputs = load_inputs(network, seed, text, progress)
        if inputs.scenario is None:
            raise AssertionError("load_inputs loads the scenario that is named")
        first, last = simulated_span(inputs.scenario)
        city = stack.enter_context(closing(inputs.city(jobs, progress)))
        for stream, found in stream_digests(city, start or first, end or last).items():
            click.echo(f"{stream} {found}")


def simulated_span(scenario: Scenario) -> tuple[datetime, datetime]:
    """From the start of the scenario's first service day to the end of its last."""
    from simulator.service_day import origin_ms
    from simulator.types import to_datetime

    after = scenario.last_day + timedelta(days=1)
    return to_datetime(origin_ms(scenario.first_day)), to_datetime(origin_ms(after))


def stream_digests(city: City, start: datetime, end: datetime) -> Mapping[Stream, str]:
    """The digest of each stream over [start, end), simulated hour by hour without a store."""
    from services.feeders.backfill import hours
    from storage.digest import stream_digest
    from storage.schema import Stream

    return {
        stream: stream_digest(
            (city.window(first, last, [stream])[stream] for first, last in hours(start, end)), stream
        )
        for stream in Stream
    }
