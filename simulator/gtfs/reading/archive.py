"""The files of a GTFS feed, a zip or a folder, as bytes. Nothing is unpacked to disk.

Refused, besides what `simulator.gtfs.reading.feed_files` refuses: files that aren't zips, or empty ones;
paths that lead out of the zip; names that appear twice; entries that are encrypted, damaged, or much larger
than their packed size (zip bombs).
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from simulator.files.problems import InputFileError, Problem
from simulator.gtfs.reading.feed_files import Entry, feed_files
from simulator.gtfs.reading.unpacked import listed

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


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip or a folder: its wanted files by their names in GTFS, their folder, the other files."""

    path: Path
    entries: Mapping[str, Entry]
    folder: str
    others: Sequence[str]

    def content(self, name: str) -> bytes:
        """The content of a wanted file. InputFileError for one that is damaged."""
        entry = self.entries[name]
        try:
            if self.path.is_dir():
                return Path(entry.name).read_bytes()
            with zipfile.ZipFile(self.path) as archive:
                return archive.read(entry.name)
        except UNREADABLE as error:
            raise InputFileError([Problem(self.shown(name), 1, self._unreadable(error))]) from error

    def shown(self, name: str) -> str:
        """What messages call a file, which may be missing: the path of the feed, and the file's own name."""
        return f"{self.path}/{self.entries[name].path.name if name in self.entries else name}"

    def renamed(self) -> dict[str, str]:
        """The files whose names are written in another case: their names in GTFS, and their own."""
        return {name: entry.path.name for name, entry in self.entries.items() if entry.path.name != name}

    def _unreadable(self, error: Exception) -> str:
        if self.path.is_dir():
            return f"can't be read ({error.strerror if isinstance(error, OSError) else error})"
        return f"is damaged in the zip{_words(error)}: create the zip again"


def open_archive(path: Path, wanted: Set[str]) -> Archive:
    """The list of the files of a zip or a folder. InputFileError for one that is refused."""
    if path.is_dir():
        return _open_folder(path, wanted)
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
    files = [Entry(_path(entry), entry.filename, entry.file_size) for entry in entries if not entry.is_dir()]
    found = feed_files(path, files, wanted)
    read = {entry.name for entry in found.entries.values()}
    problems = list(_size_problems(path, [entry for entry in entries if entry.filename in read]))
    if problems:
        raise InputFileError(problems)
    return Archive(path, found.entries, found.folder, found.others)


def _open_folder(path: Path, wanted: Set[str]) -> Archive:
    try:
        files = listed(path, wanted)
    except OSError as error:
        raise InputFileError([Problem(str(path), 1, f"can't be read ({error.strerror})")]) from error
    if not files or len(files) > MAX_ENTRIES:
        number = "no files" if not files else f"over {MAX_ENTRIES:,} files"
        message = f"a folder with {number} isn't a GTFS feed: give the folder of its .txt files"
        raise InputFileError([Problem(str(path), 1, message)])
    found = feed_files(path, files, wanted)
    if sum(entry.size for entry in found.entries.values()) > MAX_BYTES:
        raise InputFileError([Problem(str(path), 1, _too_large())])
    return Archive(path, found.entries, found.folder, found.others)


def _path(entry: zipfile.ZipInfo) -> PurePosixPath:
    # Some programs of Windows write backslashes; an entry may be called `./stops.txt`, a path `stops.txt`.
    return PurePosixPath(entry.filename.replace("\\", "/"))


def _words(error: Exception) -> str:
    return " (it ends too early)" if isinstance(error, EOFError) else ""


def _entry_problems(path: Path, entries: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    """Problems of the zip's list of entries."""
    if not entries or len(entries) > MAX_ENTRIES:
        yield Problem(str(path), 1, f"a zip of {len(entries)} files isn't a GTFS feed: zip its .txt files")
        return
    names = [str(_path(entry)) for entry in entries]
    leading_out = {entry.filename for entry in entries if _leads_out(str(PurePosixPath(entry.filename)))}
    for name in sorted(leading_out):
        yield Problem(str(path), 1, f"`{name}` leads out of the zip: zip the files without paths")
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(str(path), 1, f"`{name}` is in the zip twice: keep one")


def _size_problems(path: Path, read: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    """Problems of the entries to read. `ZipFile.read` reads no more than the sizes listed there."""
    for entry in read:
        if entry.flag_bits & ENCRYPTED:
            yield Problem(str(path), 1, f"`{entry.filename}` is encrypted: zip it without a password")
        if entry.file_size > max(SMALL_BYTES, MAX_RATIO * entry.compress_size):
            grows = f"grows from {entry.compress_size:,} to {entry.file_size:,} bytes"
            yield Problem(str(path), 1, f"`{entry.filename}` {grows}: looks like a zip bomb")
    if sum(entry.file_size for entry in read) > MAX_BYTES:
        yield Problem(str(path), 1, _too_large())


def _too_large() -> str:
    return f"is over {MAX_BYTES:,} bytes unpacked: leave out some routes"


def _leads_out(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or ":" in name
