"""The GTFS-Realtime messages that a feeder leaves in S3, each read at most once a second."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.latest.latest_object import LatestPlace
from services.aws.latest.realtime_object import TICK
from services.feeds.gtfs_realtime.feed_names import JSON, PROTOBUF, RealtimeFeed
from services.lambdas.s3_compiled_network import UNCHANGED, code_of
from services.refreshed_value import RefreshedValue
from services.web.formats.content_codings import CodedBody
from storage.errors import DependencyUnavailable

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import GetObjectRequestTypeDef

log = logging.getLogger("bus_simulator.gtfs_rt")

CHECK_S = 1.0
"""How long a message that was read counts as current."""


@dataclass(frozen=True)
class StoredMessage:
    """A message of a tick, as its feeder wrote it."""

    tick: datetime
    coded: CodedBody


class StoredMessages:
    """The newest message of each feed. While S3 can't be reached, the last one that was read."""

    def __init__(
        self, client: S3Client, place: LatestPlace, *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._feeds = {feed: _Object(client, place.bucket, place.realtime_key(feed)) for feed in RealtimeFeed}
        self._newest = {feed: each.refreshed(now_s) for feed, each in self._feeds.items()}
        self._json: dict[RealtimeFeed, StoredMessage] = {}

    def message(self, feed: RealtimeFeed, media_type: str) -> StoredMessage:
        """The newest message of a feed. Raises `DependencyUnavailable` while no feeder has written one."""
        newest = self._newest[feed].get()
        if media_type == PROTOBUF:
            return newest
        kept = self._json.get(feed)
        if kept is None or kept.tick != newest.tick:
            kept = self._json[feed] = StoredMessage(newest.tick, CodedBody(in_json(newest.coded.body), JSON))
        return kept


def in_json(content: bytes) -> bytes:
    """A message in JSON. Raises `DependencyUnavailable` for one that a wire fault has cut."""
    # Here, since only requests for JSON need it.
    from google.protobuf.message import DecodeError

    from services.feeds.gtfs_realtime.messages.message_json import message_json

    try:
        return message_json(content)
    except DecodeError as error:
        raise DependencyUnavailable(f"the message is malformed, as a scenario wants it: {error}") from error


class _Object:
    """A feed's object in S3."""

    def __init__(self, client: S3Client, bucket: str, key: str) -> None:
        self._client, self._bucket, self._key, self._tag = client, bucket, key, ""

    def refreshed(self, now_s: Callable[[], float]) -> RefreshedValue[StoredMessage]:
        """The message, read again when it may have changed."""
        return RefreshedValue(
            self._read,
            errors=(DependencyUnavailable,),
            on_error=lambda error: log.warning(
                "GTFS-Realtime feed not read, keeping the last one: %s", error
            ),
            refresh_s=CHECK_S,
            now_s=now_s,
        )

    def _read(self) -> StoredMessage | None:
        """Return the message, None if it is the one read last."""
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
        self._tag = answer["ETag"]
        tick = datetime.fromisoformat(answer["Metadata"][TICK])
        return StoredMessage(tick, CodedBody(content, PROTOBUF))
