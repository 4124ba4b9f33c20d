"""Ten minutes of the shipped network's history in a store file, made once for all tests of this process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from services.cli import status_of

PAST = ["--start", "2026-03-02T06:00Z", "--end", "2026-03-02T06:10Z"]
STORE = "bus.duckdb"


def copy_backfilled(folder: Path) -> None:
    """Put what `backfill` writes for `PAST` into the default store of a working directory."""
    (folder / "var").mkdir()
    shutil.copyfile(backfilled(), folder / "var" / STORE)


@cache
def backfilled() -> Path:
    """The path of the store file."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    path = Path(folder.name) / STORE
    assert status_of(["backfill", *PAST, "--store", f"duckdb:{path}"]) == 0
    return path
