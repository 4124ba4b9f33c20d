"""`bus-simulator backfill`: write history into a store."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from services.commands import options
from services.commands.options import option
from services.times import HOUR, floor, format_instant
from storage.errors import without_password

if TYPE_CHECKING:
    from simulator.city import City
    from storage.store import Run, Store

Stretch = tuple[datetime, datetime]


@click.command(
    epilog="""\b
Examples:
  bus-simulator backfill --days 5
  bus-simulator backfill --scenario strike --start 2026-03-03 --end 2026-03-04 --store duckdb:strike.duckdb
  bus-simulator backfill --start 2026-03-02 --end 2026-03-09 --store duckdb:week.duckdb"""
)
@option("--days", type=click.IntRange(1, 366), default=None, help="Days to fill before the current hour.")
@options.start_option
@options.end_option
@options.shared_network_option
@options.seed_option
@options.scenario_option
@options.store_option
@options.journal_object_option
@option("--at", type=options.time, default=None, help="Current time to assume.")
@options.jobs_option
@options.new_inputs_option
def backfill(
    *,
    days: int | None,
    start: datetime | None,
    end: datetime | None,
    network: str | None,
    seed: int | None,
    scenario: str | None,
    store: str,
    journal_object: str | None,
    at: datetime | None,
    jobs: int | None,
    continue_with_new_inputs: bool,
) -> None:
    """Simulate the hours that the store lacks, oldest first, and write them.

    Give --days, or both --start and --end. Hours that are already stored are skipped, so that an interrupted
    backfill continues where it stopped.
    """
    now = clock_now(at)
    stretch = wanted(days, start, end, now=now)

    from services.console.work_progress import work_progress
    from services.feeders.network_in_force import inputs_in_force
    from services.inputs.load import opened
    from services.interventions.stored_journal import disturbed_inputs, stored_journal
    from services.processes.process_setup import ProcessSettings, inputs_of, journaled
    from services.stack.city_here import name_other_store
    from storage.runs import check_run

    name_other_store(store)
    with ExitStack() as stack:
        progress = stack.enter_context(work_progress())
        given = inputs_of(ProcessSettings(network, seed, scenario, store), progress)
        target = stack.enter_context(closing(opened(store, for_writing=True)))
        inputs = inputs_in_force(target, given, now)
        check_run(
            target,
            inputs.run,
            continue_with_new_inputs=continue_with_new_inputs,
            scenario_words=inputs.scenario_words,
        )
        disturbed = disturbed_inputs(inputs, stored_journal(journaled(target, journal_object)))
        city = stack.enter_context(closing(disturbed.city(jobs, progress, ascending=True)))
        began = time.perf_counter()
        first, rows = write_missing(target, stretch, inputs.run, city)
        seconds = time.perf_counter() - began
    span = f"{format_instant(first)} to {format_instant(stretch[1])}"
    click.echo(f"{span} is complete in {without_password(store)}.")
    click.echo(speed(rows, seconds))


def speed(rows: int, seconds: float) -> str:
    """How many rows were written, in what time."""
    return f"{rows:,} rows in {seconds:.1f} s ({rows / max(seconds, 1e-9) / 1e6:.2f} M rows/s)."


def write_missing(store: Store, stretch: Stretch, run: Run, city: City) -> tuple[datetime, int]:
    """Write the missing hours of a stretch.

    Return the first instant at which this run may write, and the number of rows written.
    """
    from services.console.progress_bar import fill_with_progress_bar
    from services.feeders.backfill import fill, plan
    from services.feeders.history_plan import first_writable_hour

    begins = first_writable_hour(store, run)
    first = stretch[0] if begins is None else max(stretch[0], begins)
    windows = plan(store, first, stretch[1], newest_first=False)
    return first, fill_with_progress_bar(fill(windows, model=city, store=store, run=run), windows)


def clock_now(at: datetime | None) -> datetime:
    """The current time, or `at` in its place."""
    from simulator.clock import Clock

    return Clock(start=at).now()


def wanted(days: int | None, start: datetime | None, end: datetime | None, *, now: datetime) -> Stretch:
    """The time to fill. Raises `UsageError` for options that contradict each other, or for the future."""
    if (days is None) == (start is None) or (start is None) != (end is None):
        raise click.UsageError("Say either --days N, or both --start and --end.")
    if days is not None:
        hour = floor(now, HOUR)
        return hour - timedelta(days=days), hour
    if start is None or end is None:
        raise AssertionError("refused above")
    options.check_stretch(start, end)
    if end > now:
        raise click.UsageError(
            f"--end {format_instant(end)} is in the future (it is {format_instant(now)}): "
            "only the past can be backfilled."
        )
    return start, end
