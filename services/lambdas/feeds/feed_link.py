"""Where in S3 the network is as a GTFS feed: a function can't send files of more than 6 MB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.latest.latest_object import LatestPlace
from storage.errors import DependencyUnavailable

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

LIFETIME_S = 300
"""How long a link can be used."""


class FeedLink:
    """Makes links to the feed that a feeder stores. `client` must be one that makes links."""

    def __init__(self, client: S3Client, place: LatestPlace) -> None:
        self._client, self._place = client, place

    def url(self) -> str:
        """A URL by which anybody can download the feed for five minutes.

        Raises `DependencyUnavailable` while no feeder has stored it.
        """
        bucket, key = self._place.bucket, self._place.feed_key
        try:
            self._client.head_object(Bucket=bucket, Key=key)
        except (BotoCoreError, ClientError) as error:
            raise DependencyUnavailable(f"s3://{bucket}/{key} can't be read: {error}") from error
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=LIFETIME_S
        )
