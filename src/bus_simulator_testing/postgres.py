"""A PostgreSQL server with temporary data, for tests."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path

from bus_simulator_testing.program import PROGRAM
from bus_simulator_testing.server_process import ServerProcess

PRINTED = re.compile(r"PostgreSQL on (postgresql://\S+)")
READY = "ready to accept connections"


class PostgresProcess(ServerProcess):
    """A PostgreSQL server on a free port, running within a `with`; it needs `bus-simulator[local]`.

    `url` is its database's: a value for `--store`, and what psycopg and psql take.
    """

    def __init__(self, program: Sequence[str] = PROGRAM) -> None:
        def words(folder: Path) -> Sequence[str]:
            return "postgres-local", "--folder", str(folder / "postgres"), "--port", "0"

        # At SIGTERM it would wait until nobody is connected.
        super().__init__(
            "PostgreSQL server", words, PRINTED, program=program, ready=READY, stop_signal=signal.SIGINT
        )
