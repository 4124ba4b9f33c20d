"""A bucket in memory, as S3's client shows it."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from tests.services.aws.fake_aws import FakeClient, refused


class Bucket:
    """Objects and their metadata by key; without ListBucket, a missing object is a denial."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._metadata: dict[str, Mapping[str, str]] = {}
        self.client = FakeClient(get_object=self._get, put_object=self._put)

    def _put(
        self,
        *,
        Key: str,  # noqa: N803 - S3's names
        Body: bytes,  # noqa: N803
        Metadata: Mapping[str, str] | None = None,  # noqa: N803
        **_rest: str,
    ) -> dict[str, str]:
        self.objects[Key], self._metadata[Key] = Body, Metadata or {}
        return {}

    def _get(self, *, Key: str, IfNoneMatch: str = "", **_rest: str) -> dict[str, Any]:  # noqa: N803
        content = self.objects.get(Key)
        if content is None:
            raise refused("AccessDenied")
        tag = str(hash(content))
        if tag == IfNoneMatch:
            raise refused("304")
        return {"Body": BytesIO(content), "ETag": tag, "Metadata": self._metadata[Key]}
