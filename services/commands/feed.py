"""`bus-simulator feed`: one feeder in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services.commands import options
from services.commands.options import option
from services.feeders.feeder import FEEDERS
from services.inputs.load import DUCKDB

if TYPE_CHECKING:
    from services.aws.latest.latest_object import LatestPlace
    from simulator.shard import Shard

ONE_PROCESS = (
    "a duckdb: store is held by one process, so no other could feed or serve it; "
    "use `bus-simulator run`, which feeds and serves in one process"
)
NO_PLACE = "--realtime-feeds writes to the place of --latest-objects: name one, such as s3://BUCKET/latest"
ONE_SHARE = "--latest-objects needs the whole city: a feeder with --shard knows its share only"
KINDS = {kind.name: kind for kind in FEEDERS}


def shard_of(text: str) -> Shard:
    """Parse a shard such as `1/3`."""
    from simulator.shard import parse_shard

    try:
        return parse_shard(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def latest_place(text: str) -> LatestPlace:
    """Parse a place such as `s3://bus-simulator-latest/latest`."""
    from services.aws.latest.latest_object import place_of

    try:
        return place_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(
    epilog="""\b
Examples:
  bus-simulator feed bus-position --store 'timestream://bus_simulator?region=eu-west-1'
  bus-simulator feed sensors --store 'timestream://bus_simulator?region=eu-west-1&endpoint_url=http://127.0.0.1:8086'
  bus-simulator feed people-count --shard 1/3 --store 'timestream://bus_simulator?region=eu-west-1'"""
)
@click.argument("feeder", type=click.Choice(list(KINDS)))
@options.process_options
@option(
    "--shard",
    type=shard_of,
    metavar="N/OF",
    default=None,
    help="Write only a share of the city: 1/3, 2/3 or 3/3, for example.",
)
@option(
    "--event-bus",
    metavar="NAME",
    default=None,
    help="EventBridge bus to send positions and arrivals to.",
)
@option(
    "--latest-objects",
    type=latest_place,
    metavar="URL",
    default=None,
    help="Where in S3, s3://BUCKET/PREFIX, to write the newest records after each tick.",
)
@option(
    "--realtime-feeds",
    is_flag=True,
    default=False,
    help="Write the GTFS-Realtime feeds there, too (bus-position).",
)
@option(
    "--metrics-namespace",
    metavar="NAME",
    default=None,
    help="CloudWatch namespace for its lag and the number of records written.",
)
@option(
    "--heartbeat",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="File to touch at every tick, for health checks.",
)
@option(
    "--control",
    is_flag=True,
    default=False,
    help="The city may be disturbed while it runs: read the store's journal before each tick. "
    "--journal-object implies it.",
)
@options.keep_days_option
@options.jobs_option
@options.new_inputs_option
def feed(
    *,
    feeder: str,
    shard: Shard | None,
    event_bus: str | None,
    latest_objects: LatestPlace | None,
    realtime_feeds: bool,
    metrics_namespace: str | None,
    heartbeat: Path | None,
    control: bool,
    keep_days: int | None,
    jobs: int | None,
    continue_with_new_inputs: bool,
    **shared: Any,
) -> None:
    """Write the streams of FEEDER into a store that several processes share, tick by tick.

    bus-position also writes stop visits. It starts with the current hour, or where an earlier process
    stopped, and fills the gaps that earlier ones left; for older history use `backfill`. Ctrl-C or SIGTERM
    ends it after the current tick.
    """
    options.check_retention(shared["store"], keep_days)
    check_place(shared["store"], shard, latest_objects, realtime_feeds=realtime_feeds)
    from services.processes.feeder_process import feed as run_feeder
    from services.processes.feeder_settings import FeederSettings
    from services.processes.process_setup import ProcessSettings, process_setup

    wanted = FeederSettings(
        KINDS[feeder],
        shard,
        jobs,
        continue_with_new_inputs,
        event_bus,
        metrics_namespace,
        heartbeat,
        control,
        latest_objects,
        realtime_feeds,
        keep_days,
    )
    with process_setup(ProcessSettings(**shared)) as setup:
        if setup is not None:
            run_feeder(setup, wanted)


def check_place(
    store: str, shard: Shard | None, latest_objects: LatestPlace | None, *, realtime_feeds: bool
) -> None:
    """Raise UsageError for a store of one process, objects of a shard alone, and feeds without a place."""
    if store.startswith(DUCKDB):
        raise click.UsageError(ONE_PROCESS)
    if shard is not None and latest_objects is not None:
        raise click.UsageError(ONE_SHARE)
    if realtime_feeds and latest_objects is None:
        raise click.UsageError(NO_PLACE)
