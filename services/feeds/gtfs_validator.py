"""Validate a GTFS feed, a zip or a folder, with the library gtfs-guru.

The library keeps every notice in memory, some 3.5 kB each: a city's feed whose stop ids are all wrong would
need 9 GB. It therefore runs in a process of its own, which may use `MOST_BYTES`. Zips are checked for bombs
and the like before the library opens them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import version
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from services.errors import InputError
from services.feeds.csv_lines import lines_of_rows
from services.feeds.gtfs_notices import (
    MOST_SAMPLES,
    NoticeGroup,
    Notices,
    Sample,
    Severity,
    by_gravity,
    grouped,
)
from services.feeds.own_notices import FREQUENCIES, empty_rows, short_headways, without_spaces
from simulator.files.problems import InputFileError, Problem
from simulator.gtfs.feed import CALENDARS
from simulator.gtfs.reading.archive import Archive, open_archive
from simulator.gtfs.reading.tables import TABLES

MOST_BYTES = 4_000_000_000
"""Memory of the process that validates; the whole feed of Madrid takes 0.8 GB."""
LIBRARY = "gtfs_guru"
FILES = TABLES.keys() | {
    "attributions.txt",
    "booking_rules.txt",
    "fare_attributes.txt",
    "fare_media.txt",
    "fare_products.txt",
    "fare_rules.txt",
    "fare_transfer_rules.txt",
    "feed_info.txt",
    "levels.txt",
    "location_groups.txt",
    "networks.txt",
    "pathways.txt",
    "rider_categories.txt",
    "route_networks.txt",
    "timeframes.txt",
    "transfers.txt",
    "translations.txt",
}
"""The files that are validated. The importer reads some of them."""
IN_FOLDER = "invalid_input_files_in_subfolder"
MISSING = "validating a GTFS feed needs the package gtfs-guru: pip install 'bus-simulator[gtfs]'"
TOO_MUCH = (
    "so many rows have faults that the list of them needs over 4 GB of memory; "
    "`bus-simulator import-gtfs` counts them with less"
)
WATCHED_EVERY_S = 0.2


class ValidationFailed(Exception):
    """The library is missing, or couldn't validate this feed; the message says what to do."""


def library_version() -> str:
    """The library's name and version."""
    return f"gtfs-guru {version('gtfs-guru')}"


def validate_feed(path: Path, *, everything: bool = False, most_bytes: int = MOST_BYTES) -> Notices:
    """Return a feed's notices; `everything` keeps those that don't matter to the simulator.

    Raises `InputError` for a zip that is refused, `ValidationFailed` without the library or memory.
    """
    if find_spec(LIBRARY) is None:
        raise ValidationFailed(MISSING)
    spawn = get_context("spawn")
    with ProcessPoolExecutor(1, spawn, initializer=_watch_memory, initargs=(most_bytes,)) as process:
        try:
            return process.submit(notices_of, path, everything=everything).result()
        except InputFileError as error:
            raise InputError(str(error)) from error
        except (BrokenProcessPool, MemoryError) as error:
            raise ValidationFailed(f"{path}: {TOO_MUCH}") from error


def _watch_memory(most_bytes: int) -> None:
    """End this process when it takes more than `most_bytes`."""
    # A limit of address space would count the much larger part of it that the library only reserves.
    Thread(target=_exit_when_large, args=(most_bytes,), daemon=True).start()


def _exit_when_large(most_bytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    never = Event()
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit < most_bytes:
        never.wait(WATCHED_EVERY_S)
    os._exit(1)


def notices_of(path: Path, *, everything: bool = False) -> Notices:
    """Return a feed's notices, from this process.

    Raises InputFileError for a zip that is refused, or a feed that the library can't read.
    """
    archive = open_archive(path, FILES)
    given = {name: archive.content(name) for name in archive.entries}
    contents = {name: without_spaces(content) for name, content in given.items()}
    # Written anew, so that the library opens no zip, and finds a feed that lies in a folder of it.
    with TemporaryDirectory() as folder:
        for name, content in contents.items():
            (Path(folder) / name).write_bytes(content)
        found = _notices(path, Path(folder), contents, everything=everything)
    found.groups.extend(empty_rows(given))
    found.groups.sort(key=by_gravity)
    found.groups[:0] = _notices_of_names(archive)
    return found


def _notices_of_names(archive: Archive) -> Iterator[NoticeGroup]:
    """The notices of a feed whose files others wouldn't find: in a folder, or with names in another case."""
    if archive.folder:
        whole = "folder" if archive.path.is_dir() else "zip"
        sample = Sample("", 0, f"the feed is in the folder {archive.folder} of the {whole}")
        yield NoticeGroup(IN_FOLDER, Severity.ERROR, 1, [sample])
    renamed = sorted(archive.renamed().items())
    for code, severity, needed in (
        ("missing_required_file", Severity.ERROR, True),
        ("unknown_file", Severity.INFO, False),
    ):
        samples = [
            Sample(own, 0, f"file names are in lower case: call it {name} (read as such here)")
            for name, own in renamed
            if (name in TABLES and TABLES[name].needed) == needed
        ]
        if samples:
            yield NoticeGroup(code, severity, len(samples), samples[:MOST_SAMPLES])


def _notices(path: Path, folder: Path, contents: Mapping[str, bytes], *, everything: bool) -> Notices:
    """The notices about the files of a folder, whose contents are given; `path` is the feed in messages."""
    missing = list(_missing_files(contents))
    if missing:
        # Each row that refers to a missing file would be a notice of its own.
        return Notices(missing, 0)
    import gtfs_guru

    try:
        result = gtfs_guru.validate(str(folder))
    except ValueError as error:
        raise InputFileError([Problem(str(path), 1, f"can't be validated: {error}")]) from error
    found = grouped(result.notices, _files_of_codes(), everything=everything)
    found.groups.extend(short_headways(contents.get(FREQUENCIES, b"")))
    for group in found.groups:
        group.samples = _with_lines(group.samples, contents)
    return found


def _missing_files(contents: Mapping[str, bytes]) -> Iterator[NoticeGroup]:
    names = [name for name, rules in TABLES.items() if rules.needed and name not in contents]
    if names:
        samples = [Sample(name, 0, "missing required GTFS file") for name in names]
        yield NoticeGroup("missing_required_file", Severity.ERROR, len(names), samples)
    if not any(name in contents for name in CALENDARS):
        code, message = (
            "missing_calendar_and_calendar_date_files",
            "missing calendar.txt and calendar_dates.txt",
        )
        yield NoticeGroup(code, Severity.ERROR, 1, [Sample(CALENDARS[0], 0, message)])


def _files_of_codes() -> dict[str, str]:
    import gtfs_guru

    schema = gtfs_guru.notice_schema()
    files = {code: each.get("references", {}).get("fileReferences", []) for code, each in schema.items()}
    return {code: named[0] for code, named in files.items() if named}


def _with_lines(samples: list[Sample], contents: Mapping[str, bytes]) -> list[Sample]:
    """Samples with lines of their files instead of rows, which leave out blank lines."""
    rows: dict[str, set[int]] = {}
    for sample in samples:
        if sample.row and sample.file in contents:
            rows.setdefault(sample.file, set()).add(sample.row)
    lines = {file: lines_of_rows(contents[file], wanted) for file, wanted in rows.items()}
    return [each._replace(line=lines.get(each.file, {}).get(each.row, each.row)) for each in samples]
