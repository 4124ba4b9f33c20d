"""Objects in S3, which UNLOAD, batch loads and scheduled queries write and read."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.timestream_local.errors import ValidationException
from storage.aws_clients import client

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


class ObjectStore:
    """Buckets of S3 itself, or of an endpoint such as LocalStack's or moto's."""

    def __init__(self, region: str, endpoint_url: str | None) -> None:
        self._region, self._endpoint_url = region, endpoint_url

    @cached_property
    def _client(self) -> S3Client:
        return client("s3", region=self._region, endpoint_url=self._endpoint_url)

    def put(self, bucket: str, key: str, content: bytes) -> str:
        """Write an object; return its URL. Raises `ValidationException` if S3 refuses it."""
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=content)
        except (BotoCoreError, ClientError) as error:
            raise ValidationException(f"s3://{bucket}/{key} can't be written: {error}") from error
        return f"s3://{bucket}/{key}"

    def get(self, bucket: str, key: str) -> bytes:
        """Read an object. Raises `ValidationException` if S3 refuses it."""
        try:
            return self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise ValidationException(f"s3://{bucket}/{key} can't be read: {error}") from error

    def keys(self, bucket: str, prefix: str) -> list[str]:
        """The keys that begin with a prefix. Raises `ValidationException` if S3 refuses to list them."""
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [found["Key"] for page in pages for found in page.get("Contents", [])]
        except (BotoCoreError, ClientError) as error:
            raise ValidationException(f"s3://{bucket}/{prefix} can't be listed: {error}") from error
