"""A server's WebSocket clients and their lines, mirrored into the tables of `ConnectionTables`.

The server sends to its clients from memory; the tables show others who is connected. So clients never wait
for DynamoDB: a thread writes changes, and retries while DynamoDB is unavailable. Every minute it rewrites all
connections, which repairs lost items; those of a killed server expire three minutes after their last write.
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
from services.live.connection import Connection
from services.retry import Backoff

log = logging.getLogger("bus_simulator.live")

REWRITE_S = 60.0
"""How often all connections are rewritten."""
LIFETIME_S = 3 * REWRITE_S
"""How long after its last write a connection expires."""


@dataclass(frozen=True, slots=True)
class MirroredConnection:
    """A connected client; `lines` says for each line whether a tick is sent as one array."""

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
        rewrite_s: float = REWRITE_S,
        wall_s: Callable[[], float] = WALL_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections, self._rewrite_s = connections, rewrite_s
        self._wall_s, self._monotonic_s = wall_s, monotonic_s
        self._open: dict[str, MirroredConnection] = {}
        self._written: dict[str, frozenset[str]] = {}
        self._changed: set[str] = set()
        self._condition = threading.Condition()
        self._closed = False

    def note(self, connection: Connection) -> None:
        """Record a client and its lines, to be written."""
        name = connection.connection_id
        lines = {line_id: wanted.batch for line_id, wanted in connection.lines.items()}
        with self._condition:
            before = self._open.get(name)
            since = before.connected_at if before else datetime.fromtimestamp(self._wall_s(), UTC)
            self._open[name] = MirroredConnection(connection.group, since, lines)
            self._changed.add(name)
            self._condition.notify()

    def forget(self, connection: Connection) -> None:
        """Record that a client has disconnected, to be written."""
        with self._condition:
            self._open.pop(connection.connection_id, None)
            self._changed.add(connection.connection_id)
            self._condition.notify()

    def close(self) -> None:
        """Let `run_until_closed` end after one last attempt to write."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    def run_until_closed(self) -> None:
        """Write changes as they come; retry with growing pauses while DynamoDB is unavailable."""
        backoff, rewrite_at_s = Backoff(), self._monotonic_s() + self._rewrite_s
        while True:
            closed = self._wait(rewrite_at_s - self._monotonic_s())
            if self._monotonic_s() >= rewrite_at_s:
                self._mark_all()
                rewrite_at_s = self._monotonic_s() + self._rewrite_s
            try:
                self.write()
                backoff.reset()
            except (BotoCoreError, ClientError) as error:
                if not backoff.is_retrying:
                    log.warning("subscriptions not written, retrying: %s", error)
                if not closed:
                    self._rest(backoff.next_pause_s())
            if closed:
                return

    def write(self) -> None:
        """Write all changes. A failed one stays due; lets boto3's errors pass."""
        while (name := self._next()) is not None:
            entry, known = self._open.get(name), self._written.get(name, frozenset())
            try:
                self._write(name, entry, known)
            except BaseException:
                with self._condition:
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
        with self._condition:
            return self._changed.pop() if self._changed else None

    def _mark_all(self) -> None:
        with self._condition:
            self._changed |= self._open.keys()

    def _wait(self, seconds: float) -> bool:
        """Wait at most `seconds` for a change. Return whether the mirror is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._changed, max(0.0, seconds))
            return self._closed

    def _rest(self, seconds: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._closed, seconds)


@contextmanager
def mirroring(mirror: ConnectionMirror) -> Iterator[ConnectionMirror]:
    """Write the mirror in a thread; on exit write the remaining changes."""
    with background(mirror.run_until_closed, name="subscriptions", stop=mirror.close):
        yield mirror
