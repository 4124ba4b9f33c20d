"""A compiled network in S3, as functions have it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from services.aws.compiled_network import CompiledNetwork, InvalidCompiledNetwork, load
from services.refreshed_value import RefreshedValue
from storage.errors import DependencyInvalid, DependencyUnavailable

log = logging.getLogger("bus_simulator.network")

CHECK_S = 240.0
"""How old what is known of the file may be."""
UNCHANGED = "304"


class S3CompiledNetwork:
    """A compiled network in S3. A change counts after at most four minutes; a broken file changes nothing."""

    def __init__(
        self, client: Any, bucket: str, key: str, *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._place = f"s3://{bucket}/{key}"
        self._tag = ""
        self._compiled = RefreshedValue(
            self._read,
            errors=(DependencyInvalid, DependencyUnavailable),
            on_error=lambda error: log.warning("the network stays as it was: %s", error),
            refresh_s=CHECK_S,
            now_s=now_s,
        )

    def current(self) -> CompiledNetwork:
        """The network, one object until it changes. Raises `DependencyUnavailable` or `DependencyInvalid`."""
        return self._compiled.get()

    def _read(self) -> CompiledNetwork | None:
        """Return the network in the object, None if it is the version read last."""
        condition = {"IfNoneMatch": self._tag} if self._tag else {}
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key, **condition)
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
    """A service's name for an error, empty for one that isn't a service's."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
