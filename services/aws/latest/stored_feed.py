"""Stores the network as a GTFS feed in S3, where Lambda functions, which have no Arrow, find it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.latest.latest_object import LatestPlace
from services.background import background
from services.errors import InputError
from services.retry import Backoff
from simulator.network import Network
from simulator.scenario.scenario import Scenario

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

log = logging.getLogger("bus_simulator.gtfs")

Inputs: TypeAlias = tuple[Network, Scenario | None]
MakeFeed: TypeAlias = Callable[[Network, Scenario | None], bytes]
"""Makes the zip. Raises `InputError` for a network that no feed can hold."""


class StoredFeed:
    """Stores the feed of each network with which a feeder begins. `began` never waits."""

    def __init__(self, client: S3Client, place: LatestPlace, make: MakeFeed) -> None:
        self._client, self._place, self._make = client, place, make
        self._changed = threading.Condition()
        self._inputs: Inputs | None = None
        self._closed = False

    def began(self, network: Network, scenario: Scenario | None) -> None:
        """Have a network's feed stored."""
        with self._changed:
            self._inputs = network, scenario
            self._changed.notify_all()

    def close(self) -> None:
        """Let `run_until_closed` end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run_until_closed(self) -> None:
        """Store the feeds of networks as they come; retry with growing pauses while S3 is unavailable."""
        backoff = Backoff()
        while (inputs := self._next()) is not None:
            while not self._store(inputs, backoff):
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, backoff.next_pause_s())
                    if self._closed:
                        return
            backoff.reset()

    def _next(self) -> Inputs | None:
        """Wait for the next network; None once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._inputs is not None or self._closed)
            inputs, self._inputs = self._inputs, None
            return inputs

    def _store(self, inputs: Inputs, backoff: Backoff) -> bool:
        """Store a feed; whether that is done with."""
        try:
            content = self._make(*inputs)
        except InputError as error:
            log.warning("the network can't be stored as a GTFS feed: %s", error)
            return True
        bucket, key = self._place.bucket, self._place.feed_key
        try:
            self._client.put_object(
                Bucket=bucket,
                Key=key,
                Body=content,
                ContentType="application/zip",
                ContentDisposition='attachment; filename="gtfs.zip"',
            )
        except (BotoCoreError, ClientError) as error:
            if not backoff.is_retrying:
                log.warning("GTFS feed not written to s3://%s/%s, retrying: %s", bucket, key, error)
            return False
        return True


@contextmanager
def storing_feed(feed: StoredFeed) -> Iterator[None]:
    """Store feeds from a thread."""
    with background(feed.run_until_closed, name="gtfs", stop=feed.close):
        yield
