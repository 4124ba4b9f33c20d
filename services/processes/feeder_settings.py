"""The settings of a feeder process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.aws.latest.latest_object import LatestPlace
from services.feeders.feeder import FeederKind
from simulator.shard import Shard


@dataclass(frozen=True, slots=True)
class FeederSettings:
    """Which feeder, for which shard of the city, with how many simulating processes, reporting where.

    With `control` it reads the journal before each tick. `latest_objects` is where in S3 it writes the newest
    records, with `realtime_feeds` also the GTFS-Realtime feeds. It prunes the store to `keep_days`.
    """

    kind: FeederKind
    shard: Shard | None = None
    jobs: int | None = None
    continue_with_new_inputs: bool = False
    event_bus: str | None = None
    metrics_namespace: str | None = None
    heartbeat: Path | None = None
    control: bool = False
    latest_objects: LatestPlace | None = None
    realtime_feeds: bool = False
    keep_days: int | None = None
