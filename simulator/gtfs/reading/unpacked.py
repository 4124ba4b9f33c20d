"""The files of a folder that has an unpacked GTFS feed in it, or in one folder of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Set
from pathlib import Path, PurePosixPath

from simulator.gtfs.reading.feed_files import Entry

MOST_FILES = 1000
DEEPEST = 3
"""Folders within folders in which a feed is looked for."""


def listed(folder: Path, wanted: Set[str]) -> list[Entry]:
    """The files of a folder: those at its top, and without a wanted one there also those below."""
    top = list(_files(folder, 0))
    if any(entry.path.name.lower() in wanted for entry in top):
        return top
    return list(_files(folder, DEEPEST))


def has_feed(folder: Path, wanted: Set[str]) -> bool:
    """Whether a folder, or a folder in it, has some of the wanted files."""
    return any(entry.path.name.lower() in wanted for entry in listed(folder, wanted))


def _files(folder: Path, deepest: int) -> Iterator[Entry]:
    """The files of a folder in order, `MOST_FILES` and one more at most; links to folders aren't followed."""
    count = 0
    for where, folders, names in os.walk(folder):
        inner = PurePosixPath(Path(where).relative_to(folder).as_posix())
        if len(inner.parts) >= deepest:
            folders.clear()
        folders.sort()
        for name in sorted(names):
            file = Path(where, name)
            if file.is_file():
                yield Entry(inner / name, str(file), file.stat().st_size)
                count += 1
                if count > MOST_FILES:
                    return
