"""The files of a GTFS zip as bytes. Nothing is unpacked to disk.

Refused: files that aren't zips, or empty ones; paths that lead out of the zip; names that appear twice;
entries that are encrypted, damaged, or much larger than their packed size (zip bombs); feeds in a folder of
the zip.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Set
from pathlib import Path, PurePosixPath

from simulator.files.problems import InputFileError, Problem

MAX_BYTES = 1_000_000_000
"""Limit of a feed's unpacked size; that of Madrid's buses is a tenth of it."""
MAX_RATIO = 100
"""Limit of unpacked to packed size. Timetables reach about 10."""
SMALL_BYTES = 1_000_000
"""The ratio of smaller files isn't checked."""
MAX_ENTRIES = 1000
ENCRYPTED = 0x1
UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError)


def read_archive(path: Path, wanted: Set[str]) -> Mapping[str, bytes]:
    """The contents of the `wanted` files of a zip, by name. InputFileError for a zip that is refused."""
    if not path.is_file():
        raise InputFileError([Problem(str(path), 1, "file not found: check the path")])
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            problems = list(_entry_problems(path, entries, wanted))
            if not problems:
                return {e.filename: archive.read(e) for e in entries if e.filename in wanted}
    except UNREADABLE as error:
        problems = [Problem(str(path), 1, f"can't be read as a zip ({error}): create it again")]
    raise InputFileError(problems)


def _entry_problems(path: Path, entries: list[zipfile.ZipInfo], wanted: Set[str]) -> Iterator[Problem]:
    """Problems of the zip's list of entries. `ZipFile.read` reads no more than the sizes listed there."""
    if not entries or len(entries) > MAX_ENTRIES:
        yield Problem(str(path), 1, f"a zip of {len(entries)} files isn't a GTFS feed: zip its .txt files")
        return
    names = [entry.filename for entry in entries]
    for name in sorted({name for name in names if _leads_out(name)}):
        yield Problem(str(path), 1, f"`{name}` leads out of the zip: zip the files without paths")
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(str(path), 1, f"`{name}` is in the zip twice: keep one")
    inside = sorted({name for name in names if PurePosixPath(name).name in wanted and "/" in name})
    if inside and not wanted & set(names):
        yield Problem(str(path), 1, f"the feed is in a folder (`{inside[0]}`): zip the files without it")
    read = [entry for entry in entries if entry.filename in wanted]
    for entry in read:
        if entry.flag_bits & ENCRYPTED:
            yield Problem(str(path), 1, f"`{entry.filename}` is encrypted: zip it without a password")
        if entry.file_size > max(SMALL_BYTES, MAX_RATIO * entry.compress_size):
            grows = f"grows from {entry.compress_size:,} to {entry.file_size:,} bytes"
            yield Problem(str(path), 1, f"`{entry.filename}` {grows}: looks like a zip bomb")
    if sum(entry.file_size for entry in read) > MAX_BYTES:
        yield Problem(str(path), 1, f"is over {MAX_BYTES:,} bytes unpacked: leave out some routes")


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name
