"""What a live connection is still to be sent: its subscriptions and its queues of records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeAlias

from storage.schema import Stream

LONG_AGO = datetime.min.replace(tzinfo=UTC)
MOST_EVENTS = 1000
"""Stop visits that may wait for a client, or for its snapshot; beyond that the oldest are dropped."""

Key: TypeAlias = str | tuple[str, ...]
"""What a newer record shares with the older one that it replaces: for positions the bus id."""


class Outbox:
    """The unsent records of a connection: the newest of each key, and of visits the last `MOST_EVENTS`.

    `wake` is called whenever something is added. Single records go out first, then the batched ones.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._single: dict[Stream, dict[Key, str]] = {}
        self._batched: dict[Stream, dict[Key, str]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._single.values())) + sum(map(len, self._batched.values()))

    def offer(
        self,
        texts: Mapping[str, str] | Mapping[Key, str],
        *,
        batch: bool,
        stream: Stream = Stream.BUS_POSITION,
    ) -> None:
        """Queue records (texts by key), in the place of older ones with the same keys."""
        queue = (self._batched if batch else self._single).setdefault(stream, {})
        queue.update(texts)
        if stream is Stream.STOP_VISIT:
            drop_oldest(queue)
        self._wake()

    def keys(self, stream: Stream) -> Collection[Key]:
        """The keys of a stream's unsent records."""
        return [*self._single.get(stream, ()), *self._batched.get(stream, ())]

    def forget(self, keys: Iterable[Key], stream: Stream = Stream.BUS_POSITION) -> None:
        """Drop the records with these keys."""
        for key in keys:
            self._single.get(stream, {}).pop(key, None)
            self._batched.get(stream, {}).pop(key, None)

    def switch(self, keys: Iterable[Key], *, batch: bool, stream: Stream = Stream.BUS_POSITION) -> None:
        """Move these unsent records to the other queue, so that no newer ones overtake them."""
        before, after = (self._single, self._batched) if batch else (self._batched, self._single)
        waiting = before.get(stream, {})
        for key in keys:
            if key in waiting:
                after.setdefault(stream, {})[key] = waiting.pop(key)

    def clear(self) -> None:
        """Drop everything."""
        self._single.clear()
        self._batched.clear()

    def take(self) -> str | None:
        """Remove and return the next message, None if nothing is unsent.

        Messages are taken one at a time, so that a slow reader's unsent records can still be replaced by
        newer ones.
        """
        for queue in self._single.values():
            if queue:
                return queue.pop(next(iter(queue)))
        for queue in self._batched.values():
            if queue:
                text = array_of(queue.values())
                queue.clear()
                return text
        return None

    def take_single(self) -> list[tuple[Stream, str]]:
        """Remove and return all records that aren't batched, with their streams."""
        taken = [(stream, text) for stream, queue in self._single.items() for text in queue.values()]
        self._single.clear()
        return taken


def drop_oldest(queue: dict[Key, str]) -> None:
    """Drop the oldest of more than `MOST_EVENTS` records."""
    while len(queue) > MOST_EVENTS:
        del queue[next(iter(queue))]


def array_of(texts: Iterable[str]) -> str:
    """A JSON array of records, which are JSON already."""
    return f"[{','.join(texts)}]"


class LineTick:
    """A line's new records of one stream, as texts by key, and as the messages that clients get.

    The messages are made once for all clients. `times` are the records' times if they differ, as visits' do;
    `time` is the newest. `is_shared` says that other lines may have some of the records, too.
    """

    def __init__(
        self,
        time: datetime,
        texts: Mapping[Key, str],
        times: Mapping[Key, datetime] | None = None,
        *,
        is_shared: bool = False,
    ) -> None:
        self.time, self.texts, self.times, self.is_shared = time, texts, times, is_shared

    @cached_property
    def messages(self) -> tuple[str, ...]:
        """A message per record."""
        return tuple(self.texts.values())

    @cached_property
    def array(self) -> str:
        """One message with all records."""
        return array_of(self.texts.values())

    def after(self, since: datetime) -> LineTick:
        """The part of the tick that is newer than `since`."""
        if self.times is None or min(self.times.values()) > since:
            return self
        times = {key: time for key, time in self.times.items() if time > since}
        texts = {key: self.texts[key] for key in times}
        return LineTick(self.time, texts, times, is_shared=self.is_shared)


class Subscription:
    """A connection's subscription to a line. New records are held back until the snapshot is sent.

    With `batch` each tick goes out as one array. `since` is the newest time of the snapshot, None before.
    """

    __slots__ = ("_held", "batch", "since")

    def __init__(self, *, batch: bool) -> None:
        self.batch = batch
        self.since: datetime | None = None
        self._held: dict[Key, tuple[datetime, str]] = {}

    def hold(self, tick: LineTick) -> None:
        """Keep a tick for after the snapshot."""
        for key, text in tick.texts.items():
            self._held[key] = (tick.time if tick.times is None else tick.times[key], text)
        if tick.times is not None:
            while len(self._held) > MOST_EVENTS:
                del self._held[next(iter(self._held))]

    def reset_after_jump(self) -> None:
        """Accept records of any time again, after simulated time has jumped."""
        self._held = {}
        if self.since is not None:
            self.since = LONG_AGO

    def begin(self, since: datetime, texts: Mapping[Key, str]) -> Mapping[Key, str]:
        """Return what to send first, by key: the snapshot's texts, with newer held ones in their place."""
        self.since = since
        newer = {key: text for key, (time, text) in self._held.items() if time > since}
        self._held = {}
        return {**texts, **newer}
