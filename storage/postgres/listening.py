"""Announcements of writes: each transaction that stores a window notifies those that listen to its schema."""

from __future__ import annotations

from collections.abc import Generator

from psycopg import sql

from storage.postgres.connection import PostgresConnections
from storage.schema import Stream

WAIT_S = 1.0
"""How long to wait for an announcement before the caller gets the turn."""


def announced_writes(connections: PostgresConnections) -> Generator[frozenset[Stream]]:
    """The streams that were just written, from now on; none after each `WAIT_S` without any.

    Holds a connection of its own. Raises `StoreError` when it is lost, and of a replica at once.
    """
    with connections.alone() as connection:
        channel = sql.Identifier(connections.schema)
        connection.execute(sql.SQL("LISTEN {}").format(channel))
        yield frozenset(Stream)  # what was written before
        while True:
            found = connection.notifies(timeout=WAIT_S, stop_after=1)
            yield frozenset(Stream(each.payload) for each in found)
