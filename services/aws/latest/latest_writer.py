"""Writes the newest records of a feeder's streams to S3 after each tick, from a thread of its own.

An outage of S3 stalls no feeder: only the newest state waits, and functions ask the store meanwhile.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from services.aws.latest.latest_object import STREAMS, Columns, LatestPlace, dump
from services.background import background
from services.feeders.feeder import FeederStatus
from services.retry import Backoff
from simulator.clock import Clock, Course
from storage.batch import key_rank, times_us
from storage.instants import from_us
from storage.schema import SCHEMAS, Cell, Column, Stream

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

log = logging.getLogger("bus_simulator.latest")


@dataclass(frozen=True, slots=True)
class NewestRows:
    """The newest row of each entity since an instant, on a course of the clock.

    `since` is None before there was a row.
    """

    course: Course
    since: datetime | None
    rows: pa.Table

    def with_rows(self, stream: Stream, rows: pa.Table) -> NewestRows:
        """The same with later rows, which are ordered by time."""
        if not len(rows):
            return self
        since = self.since or from_us(int(times_us(rows)[0]))
        return NewestRows(self.course, since, newest_rows(stream, pa.concat_tables([self.rows, rows])))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What to write of a stream: its newest rows as of a tick."""

    stream: Stream
    newest: NewestRows
    tick: datetime


class LatestWriter:
    """Writes the objects. `written` and `ticked` never wait; `run_until_closed` runs in a thread."""

    def __init__(self, client: S3Client, place: LatestPlace, clock: Clock) -> None:
        self._client, self._place, self._clock = client, place, clock
        self._newest: dict[Stream, NewestRows] = {}
        self._due: set[Stream] = set()
        self._waiting: dict[Stream, Snapshot] = {}
        self._changed = threading.Condition()
        self._closed = False

    def written(self, stream: Stream, rows: pa.Table, course: Course) -> None:
        """Keep the newest of rows that a feeder has stored; a new course of the clock begins without any."""
        if stream not in STREAMS:
            return
        held = self._newest.get(stream)
        if held is None or held.course != course:
            held = NewestRows(course, None, rows.slice(0, 0))
        self._newest[stream] = held.with_rows(stream, rows)
        self._due.add(stream)

    def ticked(self, status: FeederStatus) -> None:
        """Have the rows since the last tick written."""
        course = self._clock.course
        with self._changed:
            for stream in self._due:
                newest = self._newest[stream]
                if newest.course == course:
                    self._waiting[stream] = Snapshot(stream, newest, status.last_tick)
            self._changed.notify_all()
        self._due.clear()

    def close(self) -> None:
        """Let `run_until_closed` end after one last attempt."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run_until_closed(self) -> None:
        """Write the objects as they come; retry with growing pauses while S3 is unavailable."""
        backoff = Backoff()
        for snapshots in self._batches():
            failed = [snapshot for snapshot in snapshots if not self._put(snapshot, backoff)]
            if not failed:
                backoff.reset()
                continue
            if self._closed:
                return
            with self._changed:
                self._waiting = {snapshot.stream: snapshot for snapshot in failed} | self._waiting
                self._changed.wait_for(lambda: self._closed, backoff.next_pause_s())

    def _batches(self) -> Iterator[Sequence[Snapshot]]:
        """Take what waits until the writer is closed and nothing waits."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                taken = list(self._waiting.values())
                self._waiting = {}
            yield taken

    def _put(self, snapshot: Snapshot, backoff: Backoff) -> bool:
        """Write an object; whether S3 took it."""
        stream, newest = snapshot.stream, snapshot.newest
        since, tick = newest.since or snapshot.tick, snapshot.tick
        content = dump(columns_of(stream, newest.rows), since=since, tick=tick)
        try:
            self._client.put_object(
                Bucket=self._place.bucket,
                Key=self._place.key(stream),
                Body=content,
                ContentType="application/gzip",
            )
        except (BotoCoreError, ClientError) as error:
            if not backoff.is_retrying:
                log.warning("newest records of %s not written to S3, retrying: %s", stream, error)
            return False
        return True


def newest_rows(stream: Stream, table: pa.Table) -> pa.Table:
    """The last row of each key of a table ordered by time, in the order of their times."""
    rows = table.unify_dictionaries().combine_chunks()
    _, last = np.unique(key_rank(rows, SCHEMAS[stream].key)[::-1], return_index=True)
    return rows.take(pa.array(np.sort(len(rows) - 1 - last)))


def columns_of(stream: Stream, rows: pa.Table) -> Columns:
    """The columns of rows as lists; times are microseconds since the epoch."""
    return {column.name: _values(rows, column) for column in SCHEMAS[stream].columns}


def _values(rows: pa.Table, column: Column) -> Sequence[Cell]:
    if column.kind == "time":
        times: list[Cell] = times_us(rows).tolist()
        return times
    values: list[Cell] = rows.column(column.name).to_pylist()
    return values


@contextmanager
def writing_latest(writer: LatestWriter) -> Iterator[None]:
    """Write from a thread; on exit try once to write what waits."""
    with background(writer.run_until_closed, name="latest", stop=writer.close):
        yield
