"""Where a lake is: a folder, or a prefix in S3. Files appear whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from storage.errors import StoreUnavailable, without_password

S3 = "s3://"
DEFAULT_REGION = "eu-west-1"


class S3Settings(NamedTuple):
    """A region, and the URL of a server that isn't AWS's."""

    region: str
    endpoint: str | None


class LakePlace:
    """The folder at a path, or what is below `s3://BUCKET/PREFIX`. Paths are relative to it.

    S3 is where the standard variables and files of AWS point, such as `AWS_ENDPOINT_URL_S3`.
    Errors are `StoreUnavailable`. Raises ValueError for another URL.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.in_s3 = url.startswith(S3)
        if self.in_s3:
            self._base = url.removeprefix(S3).rstrip("/")
            bucket = self._base.partition("/")[0]
            if not bucket or set(bucket) & set(":@") or "?" in url:
                raise ValueError(
                    f"{without_password(url)!r} names no bucket: expected s3://BUCKET/PREFIX, "
                    "and who reads it in the variables of AWS"
                )
            self._files: fs.FileSystem = _s3()
        elif "://" in url:
            raise ValueError(f"{without_password(url)!r} is no lake: expected PATH or s3://BUCKET/PREFIX")
        else:
            self._base = str(Path(url).expanduser().absolute())
            self._files = fs.LocalFileSystem()

    def address(self, path: str) -> str:
        """The URL of a file, for other programs."""
        return f"{S3 if self.in_s3 else 'file://'}{self._below(path)}"

    def read(self, path: str) -> bytes | None:
        """The content of a file; None if it is missing."""
        with self._translated(path):
            try:
                with self._files.open_input_stream(self._below(path)) as source:
                    content: bytes = source.read()
                    return content
            except FileNotFoundError:
                return None

    def open(self, path: str) -> pa.NativeFile:
        """A file, to be read at any offset."""
        with self._translated(path):
            return self._files.open_input_file(self._below(path))

    def names(self, folder: str) -> list[str]:
        """The paths of the files directly in a folder, in order; none if the folder is missing."""
        selector = fs.FileSelector(self._below(folder), allow_not_found=True)
        with self._translated(folder):
            found = [info.base_name for info in self._files.get_file_info(selector) if info.is_file]
        return sorted(f"{folder}/{name}" for name in found if not name.startswith("."))

    def put(self, path: str, source: Path) -> None:
        """Copy a local file there."""
        target = self._below(path)
        with self._translated(path):
            if isinstance(self._files, fs.LocalFileSystem):
                # Another process may write the same file: each has its own copy until it is complete.
                part = Path(target).with_name(f".{Path(target).name}.{os.getpid()}")
                part.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, part)
                part.replace(target)
            else:
                with source.open("rb") as content, self._files.open_output_stream(target) as sink:
                    shutil.copyfileobj(content, sink, 1 << 20)

    def _below(self, path: str) -> str:
        return f"{self._base}/{path}"

    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(f"{self.url}: {path}: {error}") from error


def s3_settings() -> S3Settings:
    """Where the standard variables and files of AWS say that S3 is. Raises ValueError without boto3."""
    try:
        from storage.aws_clients import client, default_region
    except ModuleNotFoundError as error:
        raise ValueError(f"a lake in S3 needs {error.name}: install bus-simulator[aws]") from error
    region = default_region() or DEFAULT_REGION
    url: str = client("s3", region=region).meta.endpoint_url
    host = urlsplit(url).hostname
    return S3Settings(region, None if host is None or host.endswith(".amazonaws.com") else url)


def _s3() -> fs.S3FileSystem:
    settings = s3_settings()
    if not hasattr(fs, "S3FileSystem"):
        raise ValueError("a lake in S3 needs Arrow's S3 client, which the container image lacks")
    if settings.endpoint is None:
        return fs.S3FileSystem(region=settings.region)
    endpoint = urlsplit(settings.endpoint)
    return fs.S3FileSystem(region=settings.region, endpoint_override=endpoint.netloc, scheme=endpoint.scheme)
