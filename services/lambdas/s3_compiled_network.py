"""The compiled network in S3 that Lambda functions read."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.compiled_network import CompiledNetwork, InvalidCompiledNetwork, load
from services.refreshed_value import RefreshedValue
from storage.errors import DependencyInvalid, DependencyUnavailable

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import GetObjectRequestTypeDef

log = logging.getLogger("bus_simulator.network")

CHECK_S = 240.0
"""How long a network that was read counts as current."""
UNCHANGED = "304"


class S3CompiledNetwork:
    """A compiled network in S3. A change takes effect within four minutes; a broken file has no effect."""

    def __init__(
        self, client: S3Client, bucket: str, key: str, *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._place = f"s3://{bucket}/{key}"
        self._tag = ""
        self._compiled = RefreshedValue(
            self._read,
            errors=(DependencyInvalid, DependencyUnavailable),
            on_error=lambda error: log.warning("network not read, keeping the last one: %s", error),
            refresh_s=CHECK_S,
            now_s=now_s,
        )

    def current(self) -> CompiledNetwork:
        """The network, one object until it changes. Raises `DependencyUnavailable` or `DependencyInvalid`."""
        return self._compiled.get()

    def _read(self) -> CompiledNetwork | None:
        """Return the network in the object, None if it is the version read last."""
        request: GetObjectRequestTypeDef = {"Bucket": self._bucket, "Key": self._key}
        if self._tag:
            request["IfNoneMatch"] = self._tag
        try:
            answer = self._client.get_object(**request)
            content = answer["Body"].read()
        except (BotoCoreError, ClientError) as error:
            if code_of(error) == UNCHANGED:
                return None
            raise DependencyUnavailable(f"{self._place} can't be read: {error}") from error
        try:
            compiled = load(content, self._place)
        except InvalidCompiledNetwork as error:
            raise DependencyInvalid(str(error)) from error
        self._tag = answer["ETag"]
        return compiled


def code_of(error: BotoCoreError | ClientError) -> str:
    """The error code that a service answered with, empty if it did not answer."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
