"""The files of a GTFS zip as bytes. Nothing is unpacked to disk, whatever the zip says.

Refused: what is no zip, or has no entries; names that lead out of it; names that come twice; entries that are
encrypted, damaged, or grow beyond reason as they are read (a zip bomb); feeds in a folder of the zip.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Set
from pathlib import Path, PurePosixPath

from simulator.files.problems import InputFileError, Problem

MAX_BYTES = 1_000_000_000
"""All files of a feed together, unpacked; Madrid's buses have a tenth of it."""
MAX_RATIO = 100
"""Timetables shrink to a tenth by packing; what shrinks to less than a hundredth is no timetable."""
SMALL_BYTES = 1_000_000
"""Up to here no ratio is looked at."""
MAX_ENTRIES = 1000
ENCRYPTED = 0x1
UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError)


def read_archive(path: Path, wanted: Set[str]) -> Mapping[str, bytes]:
    """The `wanted` files that the zip has, by name. InputFileError for a zip that isn't to be trusted."""
    if not path.is_file():
        raise InputFileError([Problem(str(path), 1, "no file here: check the path")])
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            problems = list(_entry_problems(path, entries, wanted))
            if not problems:
                return {e.filename: archive.read(e) for e in entries if e.filename in wanted}
    except UNREADABLE as error:
        problems = [Problem(str(path), 1, f"isn't a zip that can be read ({error}): pack it anew")]
    raise InputFileError(problems)


def _entry_problems(path: Path, entries: list[zipfile.ZipInfo], wanted: Set[str]) -> Iterator[Problem]:
    """What is wrong with the zip's list of entries. `ZipFile.read` holds each to the size that it says."""
    if not entries or len(entries) > MAX_ENTRIES:
        yield Problem(str(path), 1, f"a zip of {len(entries)} files is no GTFS feed: pack its .txt files")
        return
    names = [entry.filename for entry in entries]
    for name in sorted({name for name in names if _leads_out(name)}):
        yield Problem(str(path), 1, f"`{name}` leads out of the zip: pack the files without paths")
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(str(path), 1, f"`{name}` is in the zip twice: keep one")
    inside = sorted({name for name in names if PurePosixPath(name).name in wanted and "/" in name})
    if inside and not wanted & set(names):
        yield Problem(str(path), 1, f"the feed is in a folder (`{inside[0]}`): pack the files without it")
    read = [entry for entry in entries if entry.filename in wanted]
    for entry in read:
        if entry.flag_bits & ENCRYPTED:
            yield Problem(str(path), 1, f"`{entry.filename}` is encrypted: pack it without a password")
        if entry.file_size > max(SMALL_BYTES, MAX_RATIO * entry.compress_size):
            grows = f"grows from {entry.compress_size:,} to {entry.file_size:,} bytes"
            yield Problem(str(path), 1, f"`{entry.filename}` {grows}: that is a zip bomb, no feed")
    if sum(entry.file_size for entry in read) > MAX_BYTES:
        yield Problem(str(path), 1, f"is over {MAX_BYTES:,} bytes unpacked: leave some routes out")


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name
