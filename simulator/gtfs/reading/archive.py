"""The files of a GTFS zip as bytes. Nothing is unpacked to disk.

A feed may lie in a folder of the zip; other files are named and not read. Refused: files that aren't zips, or
empty ones; paths that lead out of the zip; names that appear twice; feeds in several folders; entries that
are encrypted, damaged, or much larger than their packed size (zip bombs).
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
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
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    EOFError,
    RuntimeError,
    OSError,
    UnicodeDecodeError,
    ValueError,
)
"""What `zipfile` raises for damaged or unusual archives."""
STRAY = ("__MACOSX", ".")
"""Folders and files with names that begin so are of the system that made the zip."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip: its wanted files (as they are called in it, by plain name), their folder, the other files.

    `sizes` are the wanted files' unpacked bytes.
    """

    path: Path
    entries: Mapping[str, str]
    sizes: Mapping[str, int]
    folder: str
    others: Sequence[str]

    def content(self, name: str) -> bytes:
        """The content of a wanted file. InputFileError for one that is damaged."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(self.entries[name])
        except UNREADABLE as error:
            message = f"is damaged in the zip{_words(error)}: create the zip again"
            raise InputFileError([Problem(f"{self.path}/{name}", 1, message)]) from error


def open_archive(path: Path, wanted: Set[str]) -> Archive:
    """The list of a zip's files. InputFileError for a zip that is refused."""
    if not path.is_file():
        raise InputFileError([Problem(str(path), 1, "file not found: check the path")])
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except UNREADABLE as error:
        message = f"can't be read as a zip{_words(error)}: create it again"
        raise InputFileError([Problem(str(path), 1, message)]) from error
    problems = list(_entry_problems(path, entries))
    if problems:
        raise InputFileError(problems)
    found = _of_the_feed(path, entries, wanted)
    problems = list(
        _size_problems(path, [entry for entry in entries if entry.filename in found.entries.values()])
    )
    if problems:
        raise InputFileError(problems)
    return found


def _words(error: Exception) -> str:
    return " (it ends too early)" if isinstance(error, EOFError) else ""


def _entry_problems(path: Path, entries: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    """Problems of the zip's list of entries."""
    if not entries or len(entries) > MAX_ENTRIES:
        yield Problem(str(path), 1, f"a zip of {len(entries)} files isn't a GTFS feed: zip its .txt files")
        return
    names = [str(PurePosixPath(entry.filename)) for entry in entries]
    for name in sorted({name for name in names if _leads_out(name)}):
        yield Problem(str(path), 1, f"`{name}` leads out of the zip: zip the files without paths")
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(str(path), 1, f"`{name}` is in the zip twice: keep one")


def _of_the_feed(path: Path, entries: list[zipfile.ZipInfo], wanted: Set[str]) -> Archive:
    """The feed's files: those at the top of the zip, else those of its only folder with some."""
    files = [PurePosixPath(entry.filename) for entry in entries if not entry.is_dir()]
    files = [file for file in files if not any(part.startswith(STRAY) for part in file.parts)]
    folders = sorted({str(file.parent) for file in files if file.name in wanted})
    if "." in folders:
        folders = ["."]
    if len(folders) > 1:
        named = ", ".join(f"`{folder}`" for folder in folders[:5])
        raise InputFileError([Problem(str(path), 1, f"has feeds in several folders ({named}): keep one")])
    if not folders and any(file.suffix.lower() == ".zip" for file in files):
        inner = next(str(file) for file in files if file.suffix.lower() == ".zip")
        raise InputFileError([Problem(str(path), 1, f"has another zip in it, `{inner}`: unpack that first")])
    folder = folders[0] if folders else "."
    inside = {file.name: str(file) for file in files if str(file.parent) == folder and file.name in wanted}
    others = [str(file) for file in files if str(file) not in inside.values()]
    # An entry may be called `./stops.txt`, which a path writes without the dot.
    entry_of = {str(PurePosixPath(entry.filename)): entry for entry in entries}
    found = {name: entry_of[inner] for name, inner in inside.items()}
    return Archive(
        path,
        {name: entry.filename for name, entry in found.items()},
        {name: entry.file_size for name, entry in found.items()},
        "" if folder == "." else folder,
        others,
    )


def _size_problems(path: Path, read: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    """Problems of the entries to read. `ZipFile.read` reads no more than the sizes listed there."""
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
