"""A network kept in S3: `s3://BUCKET/KEY`, fetched when it is another than the one seen last."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from services.errors import InputError
from services.inputs.load import Inputs, load_inputs
from storage.errors import DependencyUnavailable

SCHEME = "s3://"
MOST_BYTES = 1_000_000_000
"""Of a feed; what a network file may have is less, and its reader's affair."""
NOT_FOUND_CODES = frozenset(("404", "NoSuchKey", "NoSuchBucket"))


class S3Network:
    """The object at `url`, through a client of S3. ValueError where that names none.

    `seen` is the entity tag of the object that `load` gave last, good or bad.
    """

    def __init__(self, client: Any, url: str) -> None:
        parts = urlsplit(url)
        self._place = {"Bucket": parts.netloc, "Key": parts.path.removeprefix("/")}
        if not url.startswith(SCHEME) or not all(self._place.values()) or parts.query:
            raise ValueError(f"'{url}' names no object: expected s3://BUCKET/KEY")
        self._client, self._url = client, url
        self.seen = ""

    def changed(self) -> bool:
        """Whether it isn't the one seen. Raises `DependencyUnavailable`, and `InputError` if it is gone."""
        found = self._asked(self._client.head_object)
        return bool(found["ETag"] != self.seen)

    def load(self, seed: int | None, scenario: str | None) -> Inputs:
        """The inputs with this network. Raises `DependencyUnavailable`; `InputError` with all mistakes."""
        found = self._asked(self._client.get_object)
        if found["ContentLength"] > MOST_BYTES:
            raise InputError(f"{self._url} is larger than a gigabyte")
        with TemporaryDirectory(prefix="bus-network-") as folder:
            path = Path(folder) / PurePosixPath(self._place["Key"]).name
            path.write_bytes(found["Body"].read())
            self.seen = found["ETag"]
            try:
                return load_inputs(path, seed, scenario)
            except InputError as error:
                raise InputError(str(error).replace(str(path), self._url)) from error

    def _asked(self, call: Any) -> Any:
        try:
            return call(**self._place)
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_FOUND_CODES:
                raise InputError(f"{self._url} doesn't exist; make load-config puts it there") from error
            raise DependencyUnavailable(f"{self._url} can't be read: {error}") from error
        except BotoCoreError as error:
            raise DependencyUnavailable(f"{self._url} can't be read: {error}") from error
