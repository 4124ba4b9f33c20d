"""A server's WebSocket clients and their lines, mirrored into the tables of `ConnectionTables`.

The server itself knows its clients, and sends without asking anybody; the tables are what others see. So they
follow it: a client never waits for DynamoDB, and what couldn't be written is when that is back. All is
written anew from time to time, so that a table which has lost something is whole again, and what a killed
server has left is soon out of date.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from services.access.rate_limits import WALL_S
from services.aws.connections import ConnectionTables
from services.background import background
from services.live.hub import Connection
from services.retry import Backoff

log = logging.getLogger("bus_simulator.live")

REWRITE_S = 60.0
"""How often all is written again."""
LIFETIME_S = 3 * REWRITE_S
"""How long what was written counts."""


@dataclass(frozen=True, slots=True)
class MirroredConnection:
    """A client as it is: its lines, and whether each is sent as one array a tick."""

    group: str
    connected_at: datetime
    lines: Mapping[str, bool] = field(default_factory=dict)


class ConnectionMirror:
    """Mirrors a hub's connections in the tables.

    The hub calls `note` and `forget`, which never wait; `run_until_closed` writes, in a thread of its own.
    """

    def __init__(
        self,
        connections: ConnectionTables,
        *,
        anew_s: float = REWRITE_S,
        wall_s: Callable[[], float] = WALL_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections, self._anew_s = connections, anew_s
        self._wall_s, self._monotonic_s = wall_s, monotonic_s
        self._open: dict[str, MirroredConnection] = {}
        self._written: dict[str, frozenset[str]] = {}
        self._changed: set[str] = set()
        self._something = threading.Condition()
        self._closed = False

    def note(self, connection: Connection) -> None:
        """Take notice of a client's lines."""
        name = connection.connection_id
        lines = {line_id: wanted.batch for line_id, wanted in connection.lines.items()}
        with self._something:
            before = self._open.get(name)
            since = before.connected_at if before else datetime.fromtimestamp(self._wall_s(), UTC)
            self._open[name] = MirroredConnection(connection.group, since, lines)
            self._changed.add(name)
            self._something.notify()

    def forget(self, connection: Connection) -> None:
        """Take notice that a client is gone."""
        with self._something:
            self._open.pop(connection.connection_id, None)
            self._changed.add(connection.connection_id)
            self._something.notify()

    def close(self) -> None:
        """Let `run_until_closed` end, once it has tried to write what it knows."""
        with self._something:
            self._closed = True
            self._something.notify()

    def run_until_closed(self) -> None:
        """Write what changes; while DynamoDB is away try again with growing pauses."""
        backoff, anew_at = Backoff(), self._monotonic_s() + self._anew_s
        while True:
            closed = self._wait(anew_at - self._monotonic_s())
            if self._monotonic_s() >= anew_at:
                self._change_all()
                anew_at = self._monotonic_s() + self._anew_s
            try:
                self.write()
                backoff.reset()
            except (BotoCoreError, ClientError) as error:
                if not backoff.is_retrying:
                    log.warning("subscriptions can't be written: %s", error)
                if not closed:
                    self._rest(backoff.next_pause_s())
            if closed:
                return

    def write(self) -> None:
        """Write what has changed. What fails is still to be written; passes on what boto3 raises."""
        while (name := self._next()) is not None:
            entry, known = self._open.get(name), self._written.get(name, frozenset())
            try:
                self._write(name, entry, known)
            except BaseException:
                with self._something:
                    self._changed.add(name)
                raise

    def _write(self, name: str, entry: MirroredConnection | None, known: frozenset[str]) -> None:
        if entry is None:
            self._connections.drop(name, known)
            self._written.pop(name, None)
            return
        self._written[name] = known | entry.lines.keys()
        self._connections.put(
            name,
            entry.group,
            entry.connected_at,
            entry.lines,
            no_more=known - entry.lines.keys(),
            lifetime_s=LIFETIME_S,
        )
        self._written[name] = frozenset(entry.lines)

    def _next(self) -> str | None:
        with self._something:
            return self._changed.pop() if self._changed else None

    def _change_all(self) -> None:
        with self._something:
            self._changed |= self._open.keys()

    def _wait(self, seconds: float) -> bool:
        """Wait for something to write, so long at most; whether it is to end."""
        with self._something:
            self._something.wait_for(lambda: self._closed or self._changed, max(0.0, seconds))
            return self._closed

    def _rest(self, seconds: float) -> None:
        with self._something:
            self._something.wait_for(lambda: self._closed, seconds)


@contextmanager
def mirroring(mirror: ConnectionMirror) -> Iterator[ConnectionMirror]:
    """Write the mirror in a thread; on exit write what is left."""
    with background(mirror.run_until_closed, name="subscriptions", stop=mirror.close):
        yield mirror
