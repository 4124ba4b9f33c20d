"""The process that holds a store, and copies of the store that other commands get from it.

While `run` holds a store, a small JSON file beside it, readable by its owner only, says how to reach the
process.
"""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from services.access.authentication import GROUP_HEADER, KEY_HEADER, write_private
from storage.errors import StoreError, StoreUnavailable
from storage.store import Store

SUFFIX = ".holder.json"
SNAPSHOT_PATH, EXPORT_PATH = "/local/snapshot", "/local/export"
GROUP = "snapshot"
PATIENCE_S = 900.0


@runtime_checkable
class Copyable(Protocol):
    """A store that can be copied into a file while it is written to."""

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of the store into a new file at `path`."""


def copier(store: Store) -> Callable[[Path], None]:
    """Return the store's `copy_to`. Raises `StoreError` for a store that can't be copied."""
    if not isinstance(store, Copyable):
        raise StoreError("only a duckdb store can be copied")
    return store.copy_to


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """A process that holds a store: its address, and the key for copies."""

    pid: int
    host: str
    port: int
    key: str

    @property
    def url(self) -> str:
        """The URL of its server."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"

    def leave(self, path: Path) -> None:
        """Write this into the holder file at `path`."""
        write_private(path, json.dumps(asdict(self)))


def read_holder(path: Path) -> Holder:
    """Read a holder file. Raises `StoreUnavailable` if there is no valid one."""
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StoreUnavailable(f"the process that holds the store left no {path} with its address") from error


def refusal_in(answer: http.client.HTTPResponse) -> str:
    """The status and message of an error."""
    try:
        return f"{answer.status}: {json.loads(answer.read())['message']}"
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status}"


def fetch_snapshot(holder: Holder, route: str, target: Path) -> None:
    """Download a copy of the store, or one of its streams, from its holder. Raises `StoreUnavailable`."""
    try:
        with closing(http.client.HTTPConnection(holder.host, holder.port, timeout=PATIENCE_S)) as connection:
            connection.request("GET", route, headers={KEY_HEADER: holder.key, GROUP_HEADER: GROUP})
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise StoreUnavailable(f"process {holder.pid} sent no copy ({refusal_in(answer)})")
            with target.open("wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
    except (OSError, http.client.HTTPException) as error:
        raise StoreUnavailable(f"process {holder.pid} sent no copy: {error}") from error
