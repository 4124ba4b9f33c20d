"""Live records over several connections at once: each is read on its own, and all are merged."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Iterable, Sequence
from contextlib import aclosing, suppress

from websockets.sync.client import ClientConnection

from bus_simulator_client.live import Address, Live, Subscription, records, records_async

MOST_WAITING = 10_000
"""Records that wait to be taken; then no more are read, and the server keeps the newest of each entity."""


class Ended(Exception):
    """Nobody takes records any more."""


class Inbox:
    """What connections have received and nobody has taken yet, and the connections. Threads share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Live | Exception] = deque()
        self._sockets: list[ClientConnection] = []
        self._ended = False

    def put(self, found: Live | Exception) -> None:
        """Add a record or an error; wait while there are too many. Raises `Ended`."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or len(self._waiting) < MOST_WAITING)
            self.check()
            self._waiting.append(found)
            self._changed.notify_all()

    def take(self) -> Live:
        """Return the next record. Raises the error of a connection."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            found = self._waiting.popleft()
            self._changed.notify_all()
        if isinstance(found, Exception):
            raise found
        return found

    def note(self, socket: ClientConnection) -> None:
        """Remember a new connection. Raises `Ended`."""
        with self._changed:
            self.check()
            self._sockets = [each for each in self._sockets if each.close_code is None] + [socket]

    def end(self) -> None:
        """Close all connections; those that would be made later are not."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        for socket in self._sockets:
            socket.close()

    def check(self) -> None:
        """Raise `Ended` if nobody takes records any more."""
        if self._ended:
            raise Ended


def merged(
    where: Address, subscribed: Sequence[Subscription], sleep: Callable[[float], None]
) -> Generator[Live, None, None]:
    """Yield the records of one or more subscriptions, each over a connection of its own."""
    if len(subscribed) == 1:
        yield from records(where, subscribed[0], sleep)
        return
    inbox = Inbox()

    def pause(seconds: float) -> None:
        inbox.check()
        sleep(seconds)
        inbox.check()

    def read(subscription: Subscription) -> None:
        with suppress(Ended):
            try:
                for record in records(where, subscription, pause, inbox.note):
                    inbox.put(record)
            except Exception as error:  # noqa: BLE001 - raised where the records are taken
                inbox.put(error)

    try:
        for each in subscribed:
            threading.Thread(target=read, args=(each,), daemon=True).start()
        while True:
            yield inbox.take()
    finally:
        inbox.end()


class Readers:
    """The tasks that read connections, so that a client can wait until all of them are closed."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, reading: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Read in a task."""
        reader = asyncio.create_task(reading, name="live records")
        self._running.add(reader)
        reader.add_done_callback(self._running.discard)
        return reader

    async def end(self) -> None:
        """Close all connections. A loop that was left with `break` may still be closing its own."""
        await ended(self._running)


async def ended(readers: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for them. A second cancel would cut short how a connection is closed."""
    running = list(readers)
    for reader in running:
        if not reader.cancelling():
            reader.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def merged_async(
    where: Address,
    subscribed: Sequence[Subscription],
    sleep: Callable[[float], Awaitable[None]],
    readers: Readers,
) -> AsyncGenerator[Live, None]:
    """Yield the records of one or more subscriptions, each over a connection of its own."""
    inbox: asyncio.Queue[Live | Exception] = asyncio.Queue(MOST_WAITING)

    async def read(subscription: Subscription) -> None:
        try:
            async with aclosing(records_async(where, subscription, sleep)) as found:
                async for record in found:
                    await inbox.put(record)
        except Exception as error:  # noqa: BLE001 - raised where the records are taken
            await inbox.put(error)

    own = [readers.start(read(each)) for each in subscribed]
    try:
        while True:
            found = await inbox.get()
            if isinstance(found, Exception):
                raise found
            yield found
    finally:
        await ended(own)
