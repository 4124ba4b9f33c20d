"""Exported files: streamed to disk, and continued where a lost connection left off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, TypeAlias

import httpx

from bus_simulator_client.calls import Query

Format: TypeAlias = Literal["parquet", "csv", "jsonl", "arrow"]
PARTIAL = 206


@contextmanager
def partial_file(target: Path) -> Iterator[IO[bytes]]:
    """Open a file beside `target`, which it becomes if all goes well; otherwise it stays."""
    path = target.with_name(f"{target.name}.part")
    with path.open("wb") as file:
        yield file
    path.replace(target)


def request(
    http: httpx.Client | httpx.AsyncClient, path: str, query: Query, file: IO[bytes]
) -> httpx.Request:
    """Return the request for what the file doesn't have yet."""
    have = file.tell()
    return http.build_request("GET", path, params=query, headers={"Range": f"bytes={have}-"} if have else {})


def rewind_unless_continued(response: httpx.Response, file: IO[bytes]) -> None:
    """Start the file anew if the answer has all of it."""
    if response.status_code != PARTIAL:
        file.seek(0)
        file.truncate()
