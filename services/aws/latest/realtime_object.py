"""The GTFS-Realtime feeds as objects in S3, `PREFIX/gtfs-rt/FEED.pb`, which a feeder writes after each tick.

The tick of a message is in the object's metadata, since a wire fault may have cut the message.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.latest.latest_object import LatestPlace
from services.background import background
from services.feeders.feeder import FeederStatus
from services.retry import Backoff
from services.times import format_instant

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

log = logging.getLogger("bus_simulator.gtfs_rt")

TICK = "tick"
"""The metadata with a message's tick, in ISO 8601."""
MEDIA_TYPE = "application/x-protobuf"

MakeMessages: TypeAlias = Callable[[datetime], Mapping[str, bytes]]
"""Makes the messages of a tick, by the names of the feeds."""


class RealtimeWriter:
    """Writes the messages of each tick. `ticked` never waits; `run_until_closed` runs in a thread.

    A tick that comes while an earlier one is written or S3 is away replaces those that wait.
    """

    def __init__(self, client: S3Client, place: LatestPlace) -> None:
        self._client, self._place = client, place
        self._changed, self._making = threading.Condition(), threading.Lock()
        self._make: MakeMessages | None = None
        self._seen: datetime | None = None
        self._waiting: datetime | None = None
        self._closed = False
        self._backoff = Backoff()

    @contextmanager
    def making(self, make: MakeMessages) -> Iterator[None]:
        """Make messages so during the block, in which the feeder simulates a city."""
        with self._changed:
            self._make, self._seen = make, None
        try:
            yield
        finally:
            with self._making:  # the city isn't used after the block
                self._make = None

    def ticked(self, status: FeederStatus) -> None:
        """Have a tick's messages written."""
        with self._changed:
            if status.last_tick != self._seen and self._make is not None:
                self._seen = self._waiting = status.last_tick
                self._changed.notify_all()

    def close(self) -> None:
        """Let `run_until_closed` end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run_until_closed(self) -> None:
        """Write the newest tick's messages as ticks come; pause longer and longer while S3 is unavailable."""
        while self._wait():
            if self.write_waiting():
                self._backoff.reset()
                continue
            with self._changed:
                self._changed.wait_for(lambda: self._closed, self._backoff.next_pause_s())

    def _wait(self) -> bool:
        """Wait for a tick; whether there is one, since the writer may be closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._closed)
            return not self._closed

    def write_waiting(self) -> bool:
        """Write the messages of the tick that waits; whether S3 took them. If not, the tick waits again."""
        with self._changed:
            tick, self._waiting = self._waiting, None
        if tick is None or self._put(self._made(tick), tick):
            return True
        with self._changed:
            self._waiting = self._waiting or tick
        return False

    def _made(self, tick: datetime) -> Mapping[str, bytes]:
        """The messages of a tick, none if no city is simulated any more."""
        with self._making:
            return {} if self._make is None else self._make(tick)

    def _put(self, messages: Mapping[str, bytes], tick: datetime) -> bool:
        """Write the messages of a tick; whether S3 took them."""
        try:
            for feed, content in messages.items():
                self._client.put_object(
                    Bucket=self._place.bucket,
                    Key=self._place.realtime_key(feed),
                    Body=content,
                    ContentType=MEDIA_TYPE,
                    Metadata={TICK: format_instant(tick)},
                )
        except (BotoCoreError, ClientError) as error:
            if not self._backoff.is_retrying:
                log.warning("GTFS-Realtime feeds not written to S3, retrying: %s", error)
            return False
        return True


@contextmanager
def writing_realtime(writer: RealtimeWriter) -> Iterator[None]:
    """Write from a thread."""
    with background(writer.run_until_closed, name="gtfs-rt", stop=writer.close):
        yield
