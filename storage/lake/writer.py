"""Writing a span of a run into a lake: a Parquet file for each stream and date, and then its record."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from storage.arrow_schema import arrow_schema
from storage.batch import one_chunk
from storage.coverage import Interval
from storage.errors import StoreUnavailable
from storage.lake.manifest import (
    NAME,
    SPANS,
    LakeFile,
    Manifest,
    joined_manifest,
    manifest_text,
    read_manifest,
)
from storage.lake.place import LakePlace
from storage.schema import Stream
from storage.store import Run

ROW_GROUP_ROWS = 131_072
"""The most rows that are read together. A row group never has rows of two tables that were written."""

VARIED = frozenset(("time", "arrival_time", "latitude", "longitude"))
"""Columns whose values compress better one by one than as numbers of a dictionary."""


def by_date(span: Interval) -> Iterator[Interval]:
    """A span, divided at midnights UTC."""
    start, end = span
    while start < end:
        day = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        following = min(day + timedelta(days=1), end)
        yield start, following
        start = following


Tables: TypeAlias = Iterable[Mapping[Stream, pa.Table]]
"""The rows of all streams, in the order of time."""


def write_span(place: LakePlace, run: Run, span: Interval, tables: Tables) -> int:
    """Write a span within one date: the rows of `tables`, in order. Return the number of rows.

    The same run and span give the same bytes, so that it does no harm to write a span twice, or at once.
    """
    with tempfile.TemporaryDirectory(prefix="lake-") as folder, ExitStack() as stack:
        local = {stream: Path(folder, f"{stream}.parquet") for stream in Stream}
        sinks = {
            stream: stack.enter_context(
                # Without Arrow's own schema, whose dictionaries some engines refuse: ids are plain texts.
                # Rows are in the order of time, so that the bounds of other columns help no query.
                parquet.ParquetWriter(
                    path,
                    arrow_schema(stream),
                    compression="zstd",
                    version="2.6",
                    use_dictionary=[name for name in arrow_schema(stream).names if name not in VARIED],
                    write_statistics=["time"],
                    store_schema=False,
                )
            )
            for stream, path in local.items()
        }
        rows = dict.fromkeys(Stream, 0)
        for window in tables:
            for stream, table in window.items():
                rows[stream] += len(table)
                if len(table):
                    sinks[stream].write_table(canonical(table), row_group_size=ROW_GROUP_ROWS)
        for sink in sinks.values():
            sink.close()
        files = []
        for stream, path in local.items():
            target = _path(stream, span)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            place.put(target, path)
            files.append(LakeFile(target, stream, *span, rows[stream], digest))
        _put_text(place, _record(span), manifest_text(Manifest(run, tuple(files))), Path(folder, "record"))
    return sum(rows.values())


def canonical(table: pa.Table) -> pa.Table:
    """The table with each dictionary in the order in which its rows need it, and nothing else in it.

    Parquet stores a dictionary as it is, and what else a city has simulated may be in it.
    """
    columns = [one_chunk(table, name) for name in table.column_names]
    return pa.Table.from_arrays(
        [_canonical_ids(each) if pa.types.is_dictionary(each.type) else each for each in columns],
        schema=table.schema,
    )


def _canonical_ids(ids: pa.DictionaryArray) -> pa.DictionaryArray:
    used = pc.unique(ids.indices).drop_null()
    if used.equals(pa.array(np.arange(len(ids.dictionary), dtype=np.int32))):
        return ids
    codes = pc.index_in(ids.indices, used)
    return pa.DictionaryArray.from_arrays(codes, ids.dictionary.take(used))


def written(place: LakePlace) -> Manifest | None:
    """What the records in a lake say is written; None if there are none."""
    parts = ((name, place.read(name)) for name in place.names(SPANS))
    return joined_manifest(read_manifest(text, f"{place.url}/{name}") for name, text in parts if text)


def is_written(place: LakePlace, span: Interval) -> bool:
    """Whether a lake has a record of just this span."""
    return place.read(_record(span)) is not None


def number_written(place: LakePlace, spans: Iterable[Interval]) -> int:
    """The number of spans of which a lake has a record of just this span."""
    names = set(place.names(SPANS))
    return sum(_record(span) in names for span in spans)


def publish(place: LakePlace) -> Manifest:
    """Write the manifest of all that is written, and return it. Raises `StoreUnavailable` if nothing is."""
    manifest = written(place)
    if manifest is None:
        raise StoreUnavailable(f"{place.url} has no spans")
    with tempfile.TemporaryDirectory(prefix="lake-") as folder:
        _put_text(place, NAME, manifest_text(manifest), Path(folder, NAME))
    return manifest


def _path(stream: Stream, span: Interval) -> str:
    return f"stream={stream}/date={span[0].astimezone(UTC):%Y-%m-%d}/{_name(span)}.parquet"


def _record(span: Interval) -> str:
    return f"{SPANS}/{_name(span)}.json"


def _name(span: Interval) -> str:
    start, end = (f"{instant.astimezone(UTC):%Y%m%dT%H%M%S.%f}"[:-3] for instant in span)
    return f"{start}Z-{end}Z"


def _put_text(place: LakePlace, path: str, text: str, local: Path) -> None:
    local.write_text(text, encoding="utf-8")
    place.put(path, local)
