"""The newest records of a stream, read from S3 at most once a second and given only while they are fresh."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.latest.latest_object import InvalidLatestObject, LatestPlace, LatestRecords, load
from services.lambdas.s3_compiled_network import UNCHANGED, code_of
from services.refreshed_value import RefreshedValue
from simulator.clock import Clock
from storage.errors import DependencyUnavailable
from storage.instants import EPOCH
from storage.schema import SCHEMAS, BusPosition, Record, Stream

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import GetObjectRequestTypeDef

log = logging.getLogger("bus_simulator.latest")

CHECK_S = 1.0
"""How long an object that was read counts as current."""
LATE_S = 15.0
"""How many seconds after a tick its object may come: the feeder simulates, stores and uploads the tick, and
functions read the shared clock only every ten seconds."""
MOST_LATE = timedelta(hours=1)
"""The greatest value of `LATE_S` in simulated time, however fast the clock runs."""


@dataclass(frozen=True)
class NewestRecords:
    """The newest records in [`since`, `tick`], by entity and by line, and those at `tick` by key."""

    since: datetime
    tick: datetime
    of: dict[str, Record] = field(default_factory=dict)
    of_line: dict[str, list[BusPosition]] = field(default_factory=dict)
    at_tick: list[Record] = field(default_factory=list)


def indexed(found: LatestRecords) -> NewestRecords:
    """Index the records of an object."""
    schema = SCHEMAS[found.stream]
    entity, key = attrgetter(schema.entity), attrgetter(*schema.key)
    index = NewestRecords(found.since, found.tick)
    for record in sorted(found.records, key=lambda record: (record.time, key(record))):
        index.of[entity(record)] = record
        if record.time == found.tick:
            index.at_tick.append(record)
        if isinstance(record, BusPosition):
            index.of_line.setdefault(record.line_id, []).append(record)
    return index


class LatestObject:
    """A stream's object. An unreadable, missing or old one gives None, so that the store is asked."""

    def __init__(
        self,
        client: S3Client,
        place: LatestPlace,
        stream: Stream,
        clock: Clock,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._stream, self._clock = client, stream, clock
        self._bucket, self._key, self._tag = place.bucket, place.key(stream), ""
        self._newest = RefreshedValue(
            self._read,
            errors=(DependencyUnavailable, InvalidLatestObject),
            on_error=self._note,
            initial=NewestRecords(EPOCH, EPOCH),
            refresh_s=CHECK_S,
            now_s=now_s,
        )

    def as_of(self, instant: datetime) -> NewestRecords | None:
        """The newest records if their tick is the newest one at `instant`, or the next one may be late."""
        newest = self._newest.get()
        return newest if timedelta() <= instant - newest.tick <= self._longest_age() else None

    def at_tick(self, tick: datetime) -> NewestRecords | None:
        """The records if their tick is this one; what was just read isn't read again."""
        held = self._newest.value
        newest = held if held.tick == tick else self._newest.get()
        return newest if newest.tick == tick else None

    def _longest_age(self) -> timedelta:
        """The time from a tick until the next one's object has to be there."""
        late_s = min(LATE_S * self._clock.pace, MOST_LATE.total_seconds())
        return timedelta(seconds=(SCHEMAS[self._stream].cadence_s or 0) + late_s)

    def _read(self) -> NewestRecords | None:
        """Return what the object has, None if it is the version read last."""
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": self._key}
        if self._tag:
            request["IfNoneMatch"] = self._tag
        try:
            answer = self._client.get_object(**request)
            content = answer["Body"].read()
        except (BotoCoreError, ClientError) as error:
            if code_of(error) == UNCHANGED:
                return None
            raise DependencyUnavailable(f"s3://{self._bucket}/{self._key} can't be read: {error}") from error
        newest = indexed(load(self._stream, content))
        self._tag = answer["ETag"]
        return newest

    def _note(self, error: Exception) -> None:
        if not self._newest.is_failing:
            log.warning("asking the store instead: %s", error)
