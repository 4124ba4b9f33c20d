"""`bus-simulator generate`: write a lake of Parquet files, on this machine or a cluster."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path

import click

from services.commands import options
from services.commands.options import option
from services.times import format_instant


@click.command(
    epilog="""\b
Examples:
  bus-simulator generate --from 2026-03-02 --to 2026-03-09 -o week
  bus-simulator generate --from 2026-03-02 --to 2026-03-09 -o s3://bucket/week --cluster tcp://scheduler:8786
  bus-simulator generate --from 2026-03-02 --to 2026-03-09 -o s3://bucket/week --iceberg glue.madrid
  bus-simulator audit --store lake:week"""
)
@option(
    "--from",
    "start",
    metavar="T",
    type=options.time,
    required=True,
    help="Beginning of the span to generate.",
)
@option("--to", "end", metavar="T", type=options.time, required=True, help="End of the span, exclusive.")
@option(
    "-o",
    "--output",
    metavar="PATH|s3://BUCKET/PREFIX",
    required=True,
    help="The lake: a folder, or a prefix in S3.",
)
@options.network_option
@options.seed_option
@options.scenario_option
@options.jobs_option
@option(
    "--cluster",
    metavar="tcp://HOST:PORT",
    default=None,
    help="A Dask scheduler, whose workers have this program; without it this machine's processes work.",
)
@option(
    "--iceberg",
    metavar="CATALOG.NAMESPACE",
    default=None,
    help="Publish the lake as Iceberg tables, too, in a catalog of pyiceberg's configuration.",
)
def generate(
    *,
    start: datetime,
    end: datetime,
    output: str,
    network: Path | None,
    seed: int | None,
    scenario: str | None,
    jobs: int | None,
    cluster: str | None,
    iceberg: str | None,
) -> None:
    """Simulate a span, and write it as Parquet files by stream and date, with a manifest.

    Dates that the lake has already are skipped, so that an interrupted generation continues where it stopped.
    The result is a store that is only read: --store lake:PATH.
    """
    if start >= end:
        raise click.UsageError(f"--from {format_instant(start)} must be before --to {format_instant(end)}")

    from services.console.work_progress import work_progress
    from services.inputs.load import load_inputs
    from services.lake.generation import cluster_workers, generate, local_workers
    from services.lake.iceberg_tables import iceberg_publisher

    publish = iceberg_publisher(iceberg)
    with work_progress() as progress:
        inputs = load_inputs(network, seed, scenario, progress)
        workers = cluster_workers(cluster) if cluster else local_workers(jobs or os.cpu_count() or 1)
        began = time.perf_counter()
        manifest = generate(inputs, (start, end), output, workers, progress)
        added = publish(output, manifest)
        seconds = time.perf_counter() - began
    rows = sum(file.rows for file in manifest.files)
    click.echo(f"lake:{output} has {rows:,} rows in {len(manifest.files):,} files, after {seconds:.1f} s.")
    if iceberg:
        click.echo(f"The Iceberg tables {iceberg}.* have {added:,} files more.")
