"""A network file or feed in S3, `s3://BUCKET/KEY`, downloaded when its entity tag changes.

In a bucket that keeps versions, networks that were replaced can be loaded again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from services.errors import InputError
from services.inputs.load import Inputs, load_inputs
from storage.errors import DependencyUnavailable
from storage.store import Run

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

log = logging.getLogger("bus_simulator.network")

SCHEME = "s3://"
MOST_BYTES = 1_000_000_000
"""Limit for a feed; the reader of network files has a lower one."""
NOT_FOUND_CODES = frozenset(("404", "NoSuchKey", "NoSuchBucket"))
REFUSED_CODES = frozenset(("403", "AccessDenied", "NotImplemented"))
MOST_VERSIONS = 20
"""How many earlier versions are tried, newest first: as many networks as anybody loads within an hour."""


class S3Network:
    """The network at `url`. Raises ValueError if that is no S3 URL.

    `seen` is the entity tag of the object that `load` downloaded last, valid or not. `replaced_at` is when it
    was put there, in seconds since the epoch.
    """

    def __init__(self, client: S3Client, url: str) -> None:
        parts = urlsplit(url)
        self._bucket, self._key = parts.netloc, parts.path.removeprefix("/")
        if not url.startswith(SCHEME) or not self._bucket or not self._key or parts.query:
            raise ValueError(f"'{url}' names no object: expected s3://BUCKET/KEY")
        self._client, self._url = client, url
        self.seen = ""
        self.replaced_at: float | None = None

    def changed(self) -> bool:
        """Whether the object changed since. Raises `DependencyUnavailable`, or `InputError` if it is gone."""
        with self._reading():
            found = self._client.head_object(Bucket=self._bucket, Key=self._key)
        return found["ETag"] != self.seen

    def load(self, seed: int | None, scenario: str | None) -> Inputs:
        """Download and load the network. Raises `DependencyUnavailable` or `InputError` with all mistakes."""
        with self._reading():
            found = self._client.get_object(Bucket=self._bucket, Key=self._key)
        if found["ContentLength"] > MOST_BYTES:
            raise InputError(f"{self._url} is larger than a gigabyte")
        content = found["Body"].read()
        self.seen, self.replaced_at = found["ETag"], found["LastModified"].timestamp()
        return self._parsed(content, seed, scenario)

    def earlier(self, run: Run, seed: int | None, scenario: str | None) -> Inputs | None:
        """Load the inputs of a run from an earlier version; None if there is none.

        Raises `DependencyUnavailable`.
        """
        for version in self._versions():
            with self._reading():
                found = self._client.get_object(Bucket=self._bucket, Key=self._key, VersionId=version)
                content = found["Body"].read()
            try:
                inputs = self._parsed(content, seed, scenario)
            except InputError:  # it was refused in its time, too
                continue
            if inputs.run == run:
                return inputs
        return None

    def _versions(self) -> Sequence[str]:
        """The ids of earlier versions, newest first; none where they can't be listed."""
        try:
            listed = self._client.list_object_versions(Bucket=self._bucket, Prefix=self._key)
        except ClientError as error:
            if error.response["Error"]["Code"] in REFUSED_CODES:
                log.warning("earlier networks can't be listed: %s", error)
                return ()
            raise DependencyUnavailable(f"{self._url} can't be read: {error}") from error
        except BotoCoreError as error:
            raise DependencyUnavailable(f"{self._url} can't be read: {error}") from error
        versions = (each for each in listed.get("Versions", ()) if each["Key"] == self._key)
        return [each["VersionId"] for each in versions if each["ETag"] != self.seen][:MOST_VERSIONS]

    def _parsed(self, content: bytes, seed: int | None, scenario: str | None) -> Inputs:
        """Load a network file's content. Raises `InputError`, which names the object."""
        with TemporaryDirectory(prefix="bus-network-") as folder:
            path = Path(folder) / PurePosixPath(self._key).name
            path.write_bytes(content)
            try:
                return load_inputs(path, seed, scenario)
            except InputError as error:
                raise InputError(str(error).replace(str(path), self._url)) from error

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_FOUND_CODES:
                raise InputError(f"{self._url} doesn't exist; make load-config puts it there") from error
            raise DependencyUnavailable(f"{self._url} can't be read: {error}") from error
        except BotoCoreError as error:
            raise DependencyUnavailable(f"{self._url} can't be read: {error}") from error
