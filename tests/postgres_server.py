"""A PostgreSQL server from a package, and stores in it.

It listens on a Unix socket only: no port, no password.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

import psycopg
import pyarrow as pa

from services.stack.local_postgres import NOBODY, copy_programs, installed_programs, is_root
from storage.errors import StoreUnavailable
from storage.postgres.store import PostgresStore
from storage.schema import Stream
from storage.store import Run

PATIENCE_S = "60"
UNAVAILABLE_S, PAUSE_S = 30.0, 0.01
"""How long to wait for a store that is unavailable, and between two attempts."""
SETTINGS = ("listen_addresses=", "fsync=off", "full_page_writes=off", "shared_buffers=32MB")
"""Data that a crash of the machine may lose, which tests can make again."""


class PostgresServer:
    """A server with its data in a folder of its own; with `of` a streaming replica of another."""

    def __init__(self, of: PostgresServer | None = None) -> None:
        # Below the system's folder for temporary files: a socket's path has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        # PostgreSQL refuses to run as root.
        self._user = NOBODY if is_root() else None
        self._programs = installed_programs()
        if self._user is not None:
            self._programs = copy_programs(self.folder / "programs")
            os.chown(self.folder, NOBODY, NOBODY)
        if of is None:
            self._run(
                "initdb", "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--no-locale"
            )
        else:
            source = ("--host", str(of.folder), "--username=postgres")
            self._run("pg_basebackup", *source, "--write-recovery-conf", "--checkpoint=fast", "--no-sync")
        self.start()

    @property
    def url(self) -> str:
        """The URL of the database `postgres`."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        options = " ".join([f"-k {self.folder}", *(f"-c {each}" for each in SETTINGS)])
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-w", "-s", "-t", PATIENCE_S, "-l", log, "-o", options)

    def stop(self, how: str = "immediate") -> None:
        """Stop the server: `immediate` ends it as a crash would."""
        self._run("pg_ctl", "stop", "-w", "-s", "-t", PATIENCE_S, "-m", how)

    def set(self, name: str, value: str) -> None:
        """Change a setting of the running server."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
            connection.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Make a replica a server that accepts writes."""
        self._run("pg_ctl", "promote", "-w", "-s", "-t", PATIENCE_S)

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / "bin" / program), "-D", str(self.folder / "data"), *arguments]
        output = self.folder / f"{program}.log"
        with output.open("a") as log:
            done = subprocess.run(command, user=self._user, stdout=log, stderr=log, cwd=self.folder)
        assert done.returncode == 0, output.read_text()


@contextmanager
def primary_and_replica() -> Iterator[tuple[PostgresServer, PostgresServer]]:
    """A server, and a replica without which it acknowledges no write. Both must run at the end."""
    with ExitStack() as stack:
        primary = PostgresServer()
        stack.callback(primary.remove)
        replica = PostgresServer(of=primary)
        stack.callback(replica.remove)
        # Not part of the replica's copy of the settings: promoted, it would wait for one of its own.
        primary.set("synchronous_standby_names", "*")
        yield primary, replica


def url_of_writable(*servers: PostgresServer) -> str:
    """The URL of the one of some servers that accepts writes."""
    hosts = ",".join(str(server.folder) for server in servers)
    return f"postgresql://postgres@/postgres?host={hosts}&target_session_attrs=read-write"


def write_patiently(
    store: PostgresStore, stream: Stream, batch: pa.Table, *, covers: tuple[datetime, datetime], run: Run
) -> int:
    """Write a window, again and again while the store is unavailable, as feeders do; return the attempts."""
    for attempt in range(int(UNAVAILABLE_S / PAUSE_S)):
        try:
            store.write(stream, batch, covers=covers, run=run)
            return attempt + 1
        except StoreUnavailable:
            threading.Event().wait(PAUSE_S)
    raise AssertionError("the store never came back")


@cache
def shared_server() -> PostgresServer:
    """The server that all tests of this process share; each test has its own schema."""
    server = PostgresServer()
    atexit.register(server.remove)
    return server


def schema_of(directory: Path) -> str:
    """The name of the schema of a directory."""
    return f"bus_{sha256(str(directory).encode()).hexdigest()[:24]}"


def url_of(directory: Path) -> str:
    """The URL of the store of a directory on the shared server."""
    return f"{shared_server().url}&schema={schema_of(directory)}"


def open_shared(directory: Path) -> PostgresStore:
    """The store of a directory on the shared server."""
    return PostgresStore(url_of(directory))


def query(url: str, sql: str) -> list[tuple[object, ...]]:
    """The rows that psql would show."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(sql.encode()).fetchall()
