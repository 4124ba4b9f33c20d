"""Connections to one schema of a PostgreSQL database, whose errors are those of `storage.errors`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from storage.errors import HIDDEN, StoreError, StoreInvalid, StoreUnavailable
from storage.postgres.authorities import with_local_authorities
from storage.postgres.sql import HAS_META, META

Connection: TypeAlias = "psycopg.Connection[tuple[Any, ...]]"
Parameters: TypeAlias = Sequence[object] | Mapping[str, object]

PATIENT: Mapping[str, str] = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "30",
    "application_name": "bus-simulator",
}
"""Settings of libpq unless the URL has its own: a server that doesn't answer is given up after seconds."""
OLDEST_SERVER = 140_000
"""PostgreSQL 14, in the numbers of `PQserverVersion`."""
QUOTED = re.compile(r'"([^"]*)"')
MOST_CONNECTIONS = 8
WAIT_S = 10.0
"""How long to wait for a free connection."""
TRANSIENT = ("08", "40", "53", "57", "58", "25006", "55P03")
"""Beginnings of SQLSTATE codes after which trying again may help: connection lost, deadlock, disk full or too
many connections, shut down, I/O error; a read-only server, which a failover leaves behind; and a lock that
another transaction holds for long."""


class PostgresConnections:
    """Connections to the database of a `postgresql://` URL, which find the tables of `schema`.

    `place` names the database in messages. Raises ValueError for an invalid URL, and `StoreError` unless a
    database of version 14 or newer answers. Threads may share them.
    """

    def __init__(self, url: str, schema: str, place: str) -> None:
        self.schema, self.place = schema, place
        try:
            given = conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            # It quotes what is wrong, which may be of a password that isn't percent-encoded.
            said = QUOTED.sub(
                lambda found: found[0] if found[1] in place else f'"{HIDDEN}"', _first_line(error)
            )
            raise ValueError(f"{place!r} is not a store: {said}") from None
        self._settings = conninfo.make_conninfo(
            **{**PATIENT, **with_local_authorities({name: str(value) for name, value in given.items()})}
        )
        with self._translated(), psycopg.connect(self._settings) as connection:
            # A pool would say only that its time is up.
            version = connection.info.server_version
        if version < OLDEST_SERVER:
            raise StoreInvalid(
                f"{place}: PostgreSQL {version // 10_000} is too old, this program needs version "
                f"{OLDEST_SERVER // 10_000} or newer"
            )
        self._pool = ConnectionPool(
            self._settings,
            kwargs={"autocommit": True},
            min_size=1,
            max_size=MOST_CONNECTIONS,
            timeout=WAIT_S,
            configure=self._configure,
            open=True,
        )

    def close(self) -> None:
        """Close all connections. Closing them again has no effect."""
        self._pool.close()

    @contextmanager
    def one(self) -> Iterator[Connection]:
        """A connection without a transaction."""
        with self._translated(), self._pool.connection() as connection:
            yield connection

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A connection that isn't of the pool, closed at the end."""
        with self._translated(), psycopg.connect(self._settings, autocommit=True) as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection in a transaction, which is committed at the end unless there is an error."""
        with self.one() as connection, connection.transaction():
            yield connection

    def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. If the connection is lost it is asked once more, of a new one."""
        try:
            return self._asked(sql, parameters)
        except StoreUnavailable:
            if self._pool.closed:
                raise
            self._pool.check()
            return self._asked(sql, parameters)

    def holds_tables(self) -> bool:
        """Whether the schema has the tables of a store."""
        ((found,),) = self.rows(HAS_META, [self.schema])
        return bool(found)

    def meta(self) -> list[tuple[str, int]]:
        """The name and version of the tables."""
        return [(str(name), int(version)) for name, version in self.rows(META)]

    def _asked(self, sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        with self.one() as connection:
            return run(connection, sql, parameters).fetchall()

    def _configure(self, connection: Connection) -> None:
        # Set here and not as an option of the connection: proxies such as RDS Proxy refuse options.
        run(
            connection,
            "SELECT set_config('search_path', %s, false), set_config('timezone', 'UTC', false)",
            [f'"{self.schema}", public'],
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except PoolClosed as error:
            raise StoreUnavailable(f"{self.place} is closed") from error
        except PoolTimeout as error:
            raise StoreUnavailable(f"{self.place}: no connection within {WAIT_S:.0f} s") from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise StoreError(
                f"{self.place}: {_first_line(error)}; the user must own the schema {self.schema!r}, "
                "and the database have the extension btree_gist"
            ) from error
        except psycopg.Error as error:
            state = error.sqlstate
            unavailable = isinstance(error, psycopg.OperationalError) and state is None
            kind = StoreUnavailable if unavailable or (state or "").startswith(TRANSIENT) else StoreError
            raise kind(f"{self.place}: {_first_line(error)}") from error


def run(connection: Connection, sql: str, parameters: Parameters = ()) -> psycopg.Cursor[tuple[Any, ...]]:
    """Run a statement."""
    return connection.execute(sql.encode(), parameters)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
