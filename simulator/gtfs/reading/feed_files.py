"""Which files of a zip or a folder are a GTFS feed's.

A feed may lie in a folder of either. Names may be written in any case; other files are named and not read.
Refused: feeds in several folders; names that differ only in case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from simulator.files.problems import InputFileError, Problem

STRAY = ("__MACOSX", ".")
"""Folders and files with names that begin so are of the system that made the zip."""


class Entry(NamedTuple):
    """A file of a zip or a folder: its path in it, its name as the zip or the folder has it, its bytes."""

    path: PurePosixPath
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class FeedFiles:
    """A feed's wanted files by their names in GTFS, the folder they are in ("": the top), the other files."""

    entries: Mapping[str, Entry]
    folder: str
    others: Sequence[str]


def feed_files(source: Path, entries: Sequence[Entry], wanted: Set[str]) -> FeedFiles:
    """The feed's files: those at the top of the source, else those of its only folder with some."""
    files = [entry for entry in entries if not any(part.startswith(STRAY) for part in entry.path.parts)]
    folders = sorted({str(file.path.parent) for file in files if file.path.name.lower() in wanted})
    if "." in folders:
        folders = ["."]
    if len(folders) > 1:
        named = ", ".join(f"`{folder}`" for folder in folders[:5])
        raise InputFileError([Problem(str(source), 1, f"has feeds in several folders ({named}): keep one")])
    zips = [str(file.path) for file in files if file.path.suffix.lower() == ".zip"]
    if not folders and zips:
        raise InputFileError(
            [Problem(str(source), 1, f"has another zip in it, `{zips[0]}`: {_mend(source)}")]
        )
    folder = folders[0] if folders else "."
    inside = [entry for entry in files if str(entry.path.parent) == folder]
    problems = list(_alike(source, inside, wanted))
    if problems:
        raise InputFileError(problems)
    found = {name: entry for name in sorted(wanted) for entry in _called(name, inside)[:1]}
    chosen = set(found.values())
    others = [str(entry.path) for entry in files if entry not in chosen]
    return FeedFiles(found, "" if folder == "." else folder, others)


def _mend(source: Path) -> str:
    return "give that one" if source.is_dir() else "unpack that first"


def _called(name: str, entries: Sequence[Entry]) -> list[Entry]:
    """The files called so in any case; only that which is called exactly so, if there is one."""
    alike = [entry for entry in entries if entry.path.name.lower() == name]
    return [entry for entry in alike if entry.path.name == name] or alike


def _alike(source: Path, inside: Sequence[Entry], wanted: Set[str]) -> Iterator[Problem]:
    for name in sorted(wanted):
        called = _called(name, inside)
        if len(called) > 1:
            named = " and ".join(f"`{entry.path}`" for entry in called)
            yield Problem(str(source), 1, f"has {named}, which differ only in case: keep one as `{name}`")
