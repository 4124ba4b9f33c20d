"""What a live connection is still to be sent: its subscriptions and its queue of positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Outbox:
    """The unsent positions of a connection: the newest of each bus.

    `wake` is called whenever something is added. Single positions go out first, then the batched ones.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._single: dict[str, str] = {}
        self._batched: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._single) + len(self._batched)

    def offer(self, positions: Mapping[str, str], *, batch: bool) -> None:
        """Queue positions (texts by bus id), in the place of older ones of the same buses."""
        (self._batched if batch else self._single).update(positions)
        self._wake()

    def forget(self, bus_ids: Iterable[str]) -> None:
        """Drop the positions of these buses."""
        for bus_id in bus_ids:
            self._single.pop(bus_id, None)
            self._batched.pop(bus_id, None)

    def switch(self, bus_ids: Iterable[str], *, batch: bool) -> None:
        """Move these buses' unsent positions to the other queue, so that no newer one overtakes them."""
        before, after = (self._single, self._batched) if batch else (self._batched, self._single)
        for bus_id in bus_ids:
            if bus_id in before:
                after[bus_id] = before.pop(bus_id)

    def clear(self) -> None:
        """Drop everything."""
        self._single.clear()
        self._batched.clear()

    def take(self) -> str | None:
        """Remove and return the next message, None if nothing is unsent.

        Messages are taken one at a time, so that a slow reader's unsent positions can still be replaced by
        newer ones.
        """
        if self._single:
            return self._single.pop(next(iter(self._single)))
        if self._batched:
            text = array_of(self._batched.values())
            self._batched.clear()
            return text
        return None


def array_of(texts: Iterable[str]) -> str:
    """A JSON array of positions, which are JSON already."""
    return f"[{','.join(texts)}]"


class LineTick:
    """A line's new positions, as texts by bus id, and as the messages that clients get.

    The messages are made once for all clients.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts

    @cached_property
    def messages(self) -> tuple[str, ...]:
        """A message per bus."""
        return tuple(self.texts.values())

    @cached_property
    def array(self) -> str:
        """One message with all buses."""
        return array_of(self.texts.values())


class Subscription:
    """A connection's subscription to a line. New positions are held back until the snapshot is sent.

    With `batch` each tick goes out as one array. `since` is the newest time of the snapshot, None before.
    """

    __slots__ = ("_held", "_held_time", "batch", "since")

    def __init__(self, *, batch: bool) -> None:
        self.batch = batch
        self.since: datetime | None = None
        self._held: dict[str, str] = {}
        self._held_time = LONG_AGO

    def hold(self, time: datetime, texts: Mapping[str, str]) -> None:
        """Keep a tick for after the snapshot."""
        self._held.update(texts)
        self._held_time = time

    def reset_after_jump(self) -> None:
        """Accept positions of any time again, after simulated time has jumped."""
        self._held, self._held_time = {}, LONG_AGO
        if self.since is not None:
            self.since = LONG_AGO

    def begin(self, since: datetime, snapshot: Mapping[str, str]) -> Mapping[str, str]:
        """Return what to send first, by bus id: the snapshot, with newer held positions in their place.

        `since` is the time of the snapshot's newest position.
        """
        self.since = since
        texts = dict(snapshot)
        if self._held_time > self.since:
            texts |= self._held
        self._held = {}
        return texts
