"""The newest records of a stream as an object in S3, `PREFIX/STREAM.json.gz`.

Feeders write it after each tick, functions answer `mode=latest` from it. This module imports no Arrow.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from urllib.parse import urlsplit

from storage.instants import from_us, to_us
from storage.schema import SCHEMAS, Cell, Record, Stream, make_record

SCHEME = "s3://"
COMPRESSION = 1
"""A higher level takes three times as long, for a tenth less."""
STREAMS = tuple(stream for stream, schema in SCHEMAS.items() if schema.cadence_s is not None)
"""The streams that have such an object; visits are events, of which a stop has no newest one."""

Columns: TypeAlias = Mapping[str, Sequence[Cell]]


class InvalidLatestObject(ValueError):
    """An object has another form: it was written by another version."""


@dataclass(frozen=True, slots=True)
class LatestRecords:
    """The newest record of each entity that has one in [`since`, `tick`].

    `tick` is the stream's newest complete tick.
    """

    stream: Stream
    since: datetime
    tick: datetime
    records: Sequence[Record]


@dataclass(frozen=True, slots=True)
class LatestPlace:
    """Where the objects are: a bucket, and how their keys begin."""

    bucket: str
    prefix: str

    def key(self, stream: Stream) -> str:
        """The key of a stream's object."""
        return f"{self.prefix}{stream}.json.gz"

    @property
    def feed_key(self) -> str:
        """The key of the network as a GTFS feed."""
        return f"{self.prefix}gtfs.zip"

    def realtime_key(self, feed: str) -> str:
        """The key of a GTFS-Realtime feed, such as `trip-updates`."""
        return f"{self.prefix}gtfs-rt/{feed}.pb"


def place_of(url: str) -> LatestPlace:
    """The place that `s3://BUCKET/PREFIX` names. Raises ValueError for any other text."""
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    if not url.startswith(SCHEME) or not parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"'{url}' names no place for objects: expected s3://BUCKET/PREFIX")
    return LatestPlace(parts.netloc, f"{prefix}/" if prefix else "")


def dump(columns: Columns, *, since: datetime, tick: datetime) -> bytes:
    """The content of an object; times in `columns` are microseconds since the epoch."""
    content = {"since": to_us(since), "tick": to_us(tick), "columns": columns}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # Without a time, so that equal records give equal bytes.
    return gzip.compress(text.encode(), COMPRESSION, mtime=0)


def load(stream: Stream, content: bytes) -> LatestRecords:
    """The records in an object. Raises `InvalidLatestObject`."""
    try:
        found = json.loads(gzip.decompress(content))
        columns = [_cells(found["columns"], column.name, column.kind) for column in SCHEMAS[stream].columns]
        records = [make_record(stream, cells) for cells in zip(*columns, strict=True)]
        return LatestRecords(stream, from_us(found["since"]), from_us(found["tick"]), records)
    except (OSError, EOFError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise InvalidLatestObject(f"no newest records of {stream}: {error}") from error


def _cells(columns: Mapping[str, Sequence[Cell]], name: str, kind: str) -> Sequence[Cell]:
    values = columns[name]
    if kind != "time":
        return values
    instants = {us: from_us(us) for us in values if isinstance(us, int)}
    return [instants[us] for us in values if isinstance(us, int)]
