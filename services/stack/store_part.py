"""The part that keeps the data of the others: Timestream's endpoint, or a PostgreSQL server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from services.stack.local_postgres import LocalPostgres

REGION = "eu-west-1"
TIMESTREAM_URL = f"timestream://bus_simulator?region={REGION}"
TIMESTREAM_FILE, POSTGRES_FOLDER = "timestream.duckdb", "postgres"
"""In the parts' folder: the data of each kind of store."""
StoreKind: TypeAlias = Literal["timestream", "postgres"]
PROGRAM = (sys.executable, "-m", "bus_simulator")


@dataclass(frozen=True, slots=True)
class StorePart:
    """The part's name and command, and the value of `--store` for the others.

    It is ready once it answers at `health`. History is written into `history_store`, before the part starts
    where that is a file. `stop_signal` ends the part although others are connected.
    """

    name: str
    command: Sequence[str]
    health: str
    store: str
    history_store: str
    stop_signal: str = "TERM"

    @property
    def has_history_first(self) -> bool:
        """Whether history is written before the part starts."""
        return self.history_store != self.store


def store_part(kind: StoreKind, folder: Path, port: int) -> StorePart:
    """The part of a kind of store whose data are in the parts' folder."""
    if kind == "postgres":
        server = LocalPostgres(folder / POSTGRES_FOLDER, port)
        command = (*PROGRAM, "postgres-local", "--folder", str(server.folder), "--port", str(port))
        return StorePart("postgres", command, server.url, server.url, server.url, stop_signal="INT")
    file = f"duckdb:{folder / TIMESTREAM_FILE}"
    return StorePart(
        name="timestream",
        command=(*PROGRAM, "timestream-local", "--port", str(port), "--store", file, "--now", "data"),
        health=f"http://127.0.0.1:{port}/",
        store=TIMESTREAM_URL,
        history_store=file,  # by requests it would take minutes a day
    )
