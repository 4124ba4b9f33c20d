"""A GTFS feed read from its zip or folder: routes, stops and shapes, and trips as columns of numbers.

Rows that can't be read cost what they describe, with a line in `findings` (`simulator.gtfs.reading`).
Refused, all at once, each with file and line: what `simulator.gtfs.reading.archive` refuses; required files
that are missing, empty or without rows; files without a column that is needed; feeds of which no trip is
left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from simulator.files.csv_checks import seconds_of
from simulator.files.csv_table import MOST_PROBLEMS, UNKNOWN, TableFile
from simulator.files.findings import Finding, Severity
from simulator.files.problems import InputFileError, Problem
from simulator.gtfs.calendar import Calendar, read_calendar
from simulator.gtfs.carried.carried_network import CARRIED
from simulator.gtfs.reading.agencies import read_time_zone
from simulator.gtfs.reading.archive import Archive, open_archive
from simulator.gtfs.reading.polylines import simplified
from simulator.gtfs.reading.rows import in_order, leave_out_unknown, leave_out_wrong_rows
from simulator.gtfs.reading.stop_times import StopTimes, read_stop_times
from simulator.gtfs.reading.stops import FeedStop, read_stops
from simulator.gtfs.reading.tables import CONTINUOUS, LEFT_OUT_WHOLE, TABLES
from simulator.network_files.route_shape import LatLon
from simulator.progress import OnProgress, Progress, ignore_progress

Ints = NDArray[np.int64]
Points = NDArray[np.float64]
"""Latitudes and longitudes, a row for each point."""
Tables = Mapping[str, TableFile]

CALENDARS = ("calendar.txt", "calendar_dates.txt")
CAUSES = 5
"""Findings that a refusal names when they leave nothing to run."""
READERS = 2
"""Files that are unzipped and read at once; zlib and Arrow leave Python's lock to others meanwhile."""
MOST_NAMED_FILES = 30
"""Files that aren't read and that the report names: more than the GTFS reference has of them."""


@dataclass(frozen=True, slots=True)
class FeedRoute:
    """A route's id, its public names (may be empty), and its GTFS route type."""

    route_id: str
    short_name: str
    long_name: str
    route_type: int

    @property
    def label(self) -> str:
        """The name for messages: the short name, else the id."""
        return self.short_name or self.route_id


@dataclass(frozen=True, slots=True)
class Frequency:
    """A trip is repeated from `start_s` every `headway_s`, before `end_s` (seconds of the service day).

    `row` is that of frequencies.txt.
    """

    start_s: int
    end_s: int
    headway_s: int
    row: int = 0


@dataclass(frozen=True, slots=True)
class Trips:
    """Columns by trip. The stop times of trip i are `first[i]:first[i + 1]` of the columns after it.

    `row` is that of trips.txt; `route` and `shape` index the feed's lists, `direction` is 0 or 1; times are
    seconds of the service day; `pickup`, `drop_off` and `timepoint` are GTFS's values. UNKNOWN is a value
    that isn't given.
    """

    row: Ints
    trip_id: Sequence[str]
    route: Ints
    direction: Ints
    shape: Ints
    service: Sequence[str]
    block: Sequence[str]
    first: Ints
    stop: Ints
    arrival_s: Ints
    departure_s: Ints
    pickup: Ints
    drop_off: Ints
    timepoint: Ints


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's contents. `frequencies` are by the index of the trip that is repeated."""

    path: Path
    timezone: str
    routes: Sequence[FeedRoute]
    stops: Sequence[FeedStop]
    shapes: Sequence[Points]
    trips: Trips
    calendar: Calendar
    frequencies: Mapping[int, Sequence[Frequency]]
    estimated: bool
    """Whether some frequencies say that departures aren't exact."""
    findings: Sequence[Finding]
    files: Tables
    """The files whose lines later findings name: trips, routes, stops, frequencies."""

    def road(self, shape: int) -> list[LatLon]:
        """The points of a shape, without those that a dense one doesn't need."""
        return [(lat, lon) for lat, lon in simplified(self.shapes[shape]).tolist()]

    def finding(
        self, code: str, file: str, rows: Ints, message: str, *, trips: int = 0, note: bool = False
    ) -> Finding:
        """A finding about some rows (ascending) of one of `files`; the message is about the first."""
        table = self.files[file]
        lines = table.lines(rows[:MOST_PROBLEMS].tolist())
        severity = Severity.NOTE if note else Severity.WARNING
        return Finding(code, table.file, message, lines, len(rows), trips, severity)


def read_feed(path: Path, on_progress: OnProgress = ignore_progress, around: date | None = None) -> Feed:
    """Read a feed from its zip or folder, of very long calendars the dates `around` one.

    InputFileError has everything that makes it unusable.
    """
    on_progress(Progress("opening the feed", 0, 1, "files"))
    archive = open_archive(path, TABLES.keys())
    problems = list(_missing(path, archive))
    if problems:
        raise InputFileError(problems)
    reader = _Reader(archive, on_progress, around)
    tables = reader.tables()
    return reader.feed(tables)


def _missing(path: Path, archive: Archive) -> Iterator[Problem]:
    for name, rules in TABLES.items():
        if rules.needed and name not in archive.entries:
            yield Problem(f"{path}/{name}", 1, "is missing: GTFS requires it")
    if not any(name in archive.entries for name in CALENDARS):
        yield Problem(
            f"{path}/{CALENDARS[0]}", 1, f"is missing, and so is {CALENDARS[1]}: GTFS requires one of them"
        )


class _Reader:
    """Reads a feed's files, two at a time, and collects what was found in them."""

    def __init__(self, archive: Archive, on_progress: OnProgress, around: date | None) -> None:
        self._archive, self._on_progress, self._around = archive, on_progress, around
        self._findings: list[Finding] = []

    def tables(self) -> dict[str, TableFile]:
        """The tables without the rows that are wrong by themselves. InputFileError as `read_feed`."""
        tables: dict[str, TableFile] = {}
        problems: list[Problem] = []
        steps = len(self._archive.entries) + 1
        with ThreadPoolExecutor(READERS) as readers:
            reading = {name: readers.submit(self._table, name) for name in self._largest_first()}
            for name in TABLES:
                if name not in reading:
                    continue
                self._on_progress(Progress(f"reading {name}", len(tables), steps, "files"))
                table = reading.pop(name).result()
                if table.problems and (self._is_empty(name) or name in LEFT_OUT_WHOLE):
                    self._left_out_file(name, table)
                elif table.problems:
                    problems += table.problems
                else:
                    tables[name] = table
        problems += [problem for table in tables.values() for problem in self._without_rows(table)]
        if problems:
            raise InputFileError(problems)
        return tables

    def _largest_first(self) -> list[str]:
        """The files to read; the largest, which takes the longest, begins first."""
        return sorted(self._archive.entries, key=lambda name: self._archive.entries[name].size, reverse=True)

    def _table(self, name: str) -> TableFile:
        """A file without the rows that are wrong by themselves. Called in several threads."""
        content = partial(self._archive.content, name)
        table = TableFile(self._archive.shown(name), TABLES[name], content, lenient=True)
        if not table.problems:
            leave_out_wrong_rows(name, table)
        return table

    def _is_empty(self, name: str) -> bool:
        return not TABLES[name].needed and not self._archive.content(name).strip(b"\xef\xbb\xbf \t\r\n")

    def _left_out_file(self, name: str, table: TableFile) -> None:
        for problem in table.problems[:1]:
            empty = self._is_empty(name)
            said = "is empty" if empty else problem.message
            severity = Severity.NOTE if empty else Severity.WARNING
            message = f"{said}: read as if the file weren't there"
            self._findings.append(
                Finding("file-left-out", table.file, message, (problem.line,), severity=severity)
            )

    def _without_rows(self, table: TableFile) -> Iterator[Problem]:
        if table.rules.needed and not len(table):
            if table.findings:
                yield from (Problem(found.file, found.line, found.message) for found in table.findings)
            else:
                yield Problem(table.file, 1, "has no rows: GTFS requires some")

    def feed(self, tables: dict[str, TableFile]) -> Feed:
        """The feed of the rows and trips that are left. InputFileError if there are none."""
        steps = len(self._archive.entries) + 1
        self._on_progress(Progress("checking the feed", steps - 1, steps, "files"))
        trips_file, times_file = tables["trips.txt"], tables.pop("stop_times.txt")
        leave_out_unknown("trips.txt", trips_file, tables)
        _leave_out_unserved(trips_file, tables)
        shapes_file = tables.get("shapes.txt")
        if shapes_file is not None:
            _note_unknown_shapes(trips_file, shapes_file)
        leave_out_unknown("stop_times.txt", times_file, tables)
        for table in (tables["routes.txt"], times_file):
            _note_continuous(table)
        timezone = read_time_zone(tables["agency.txt"])
        stops = read_stops(tables["stops.txt"])
        placed = np.array([stop.place is not None for stop in stops], bool)
        times = read_stop_times(times_file, trips_file, tables["stops.txt"], placed)
        shape_ids, shapes = _shapes(tables.pop("shapes.txt", None))
        trips = _trips(tables, times, times_file, shape_ids)
        if "frequencies.txt" in tables:
            leave_out_unknown("frequencies.txt", tables["frequencies.txt"], tables)
        self._findings += [
            found for table in (*tables.values(), times_file, *_some(shapes_file)) for found in table.findings
        ]
        if not len(trips.trip_id):
            raise self._nothing_left()
        feed = self._made(tables, timezone, stops, shapes, trips)
        self._on_progress(Progress("checking the feed", steps, steps, "files"))
        return feed

    def _made(
        self,
        tables: Tables,
        timezone: str,
        stops: Sequence[FeedStop],
        shapes: Sequence[Points],
        trips: Trips,
    ) -> Feed:
        frequencies = tables.get("frequencies.txt")
        return Feed(
            path=self._archive.path,
            timezone=timezone,
            routes=_routes(tables["routes.txt"]),
            stops=stops,
            shapes=shapes,
            trips=trips,
            calendar=read_calendar(tables, self._around),
            frequencies=_frequencies(frequencies, trips),
            estimated=frequencies is not None and not set(frequencies.texts("exact_times")) <= {"1"},
            findings=[*self._findings, *_other_files(self._archive)],
            files={
                name: tables[name]
                for name in ("trips.txt", "routes.txt", "stops.txt", "frequencies.txt")
                if name in tables
            },
        )

    def _nothing_left(self) -> InputFileError:
        """The error of a feed without trips: what cost them, or that there are none."""
        causes = sorted(self._findings, key=lambda found: -found.trips)
        costly = [found for found in causes if found.severity is Severity.WARNING][:CAUSES]
        if not costly:
            return InputFileError([Problem(str(self._archive.path), 1, "has no trips with stop times")])
        return InputFileError(
            Problem(found.file, found.line, f"{found.message}, and no other trip remains") for found in costly
        )


def _some(table: TableFile | None) -> list[TableFile]:
    return [] if table is None else [table]


def _other_files(archive: Archive) -> Iterator[Finding]:
    if archive.folder:
        whole = "folder given" if archive.path.is_dir() else "zip"
        said = f"the feed is in the folder `{archive.folder}` of the {whole}: read from there"
        yield Finding("folder", str(archive.path), said, severity=Severity.NOTE)
    renamed = archive.renamed()
    if renamed:
        named = ", ".join(f"`{own}` as `{name}`" for name, own in renamed.items())
        said = f"names of files are in lower case in GTFS, and other readers may not find these: {named} read"
        yield Finding("file-name", str(archive.path), said, count=1, severity=Severity.NOTE)
    others = [name for name in archive.others if PurePosixPath(name).name != CARRIED]
    if others:
        more = " …" if len(others) > MOST_NAMED_FILES else ""
        named = ", ".join(sorted(others)[:MOST_NAMED_FILES]) + more
        yield Finding("file-not-read", "", f"files that aren't read: {named}", severity=Severity.NOTE)


def _leave_out_unserved(trips: TableFile, tables: Tables) -> None:
    """Remove trips whose service is in no calendar."""
    known: set[str] = set()
    for name in CALENDARS:
        if name in tables:
            known.update(tables[name].texts("service_id"))
    services = trips.values("service_id").to_pylist()
    serves = np.array([service in known for service in services], bool)[trips.codes("service_id")]
    rows = np.flatnonzero(~serves)
    if len(rows):
        named = " or ".join(name for name in CALENDARS if name in tables)
        trip, service = (trips[name][int(rows[0])].as_py() for name in ("trip_id", "service_id"))
        said = f"service_id {service} isn't in {named}: trip {trip} is left out"
        trips.find("unknown-id", rows, said, len(rows))
        trips.keep(serves)


def _note_unknown_shapes(trips: TableFile, shapes: TableFile) -> None:
    """Report trips whose shape isn't in the file. Shapes that were left out have a finding already."""
    if "shape_id" not in trips.columns:
        return
    known = pc.or_(
        pc.equal(trips.values("shape_id"), ""),
        pc.is_in(trips.values("shape_id"), value_set=shapes.values("shape_id")),
    ).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(~known[trips.codes("shape_id")])
    if len(rows):
        shape = trips["shape_id"][int(rows[0])].as_py()
        trips.find("unknown-id", rows, f"shape_id {shape} isn't in shapes.txt: the trip has no shape")


def _note_continuous(table: TableFile) -> None:
    """Report rows by which riders may get on or off between stops: values 0, 2 and 3."""
    for name in CONTINUOUS:
        if name in table.columns:
            anywhere = np.array([text in {"0", "2", "3"} for text in table.values(name).to_pylist()], bool)
            rows = np.flatnonzero(anywhere[table.codes(name)])
            if len(rows):
                said = (
                    f"{name} {table[name][int(rows[0])].as_py()}: buses stop only at stops, not between them"
                )
                table.find("continuous", rows, said)


def _routes(table: TableFile) -> list[FeedRoute]:
    names = (table.texts(name) for name in ("route_id", "route_short_name", "route_long_name"))
    kinds = map(int, table.texts("route_type"))
    return [FeedRoute(*row) for row in zip(*names, kinds, strict=True)]


def _shapes(table: TableFile | None) -> tuple[list[str], list[Points]]:
    """The ids of the shapes, and each one's points in order."""
    if table is None or not len(table):
        return [], []
    order = in_order(table, "shape_id", "shape_pt_sequence")
    points = np.stack([table.numbers("shape_pt_lat")[order], table.numbers("shape_pt_lon")[order]], axis=1)
    owner = table.codes("shape_id")[order]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    ids = table.values("shape_id").to_pylist()
    return [ids[code] for code in owner[starts].tolist()], np.split(points, starts[1:])


def _trips(tables: Tables, times: StopTimes, times_file: TableFile, shape_ids: Sequence[str]) -> Trips:
    """The trips with stop times, in the order of trips.txt."""
    table = tables["trips.txt"]
    counts = np.bincount(times.trip)
    rows = np.flatnonzero(counts)
    order = np.argsort(times.trip, kind="stable")
    shape_of = {shape_id: index for index, shape_id in enumerate(shape_ids)}
    route_of = {route_id: index for index, route_id in enumerate(tables["routes.txt"].texts("route_id"))}
    texts = {
        name: table.texts(name) for name in ("route_id", "direction_id", "shape_id", "service_id", "block_id")
    }
    ids = table.texts("trip_id")

    def values(column: str) -> list[str]:
        return [texts[column][row] for row in rows.tolist()]

    def rule(column: str) -> Ints:
        if column not in times_file.columns:
            return np.full(len(order), UNKNOWN, np.int64)
        codes = np.array([int(text or UNKNOWN) for text in times_file.values(column).to_pylist()], np.int64)
        result: Ints = codes[times_file.codes(column)][times.row[order]]
        return result

    return Trips(
        row=rows,
        trip_id=[ids[row] for row in rows.tolist()],
        route=np.array([route_of[route] for route in values("route_id")], np.int64),
        direction=np.array([int(text or UNKNOWN) for text in values("direction_id")], np.int64),
        shape=np.array([shape_of.get(shape, UNKNOWN) for shape in values("shape_id")], np.int64),
        service=values("service_id"),
        block=values("block_id"),
        first=np.append(0, np.cumsum(counts[rows])),
        stop=times.stop[order],
        arrival_s=times.arrival_s[order],
        departure_s=times.departure_s[order],
        pickup=rule("pickup_type"),
        drop_off=rule("drop_off_type"),
        timepoint=rule("timepoint"),
    )


def _frequencies(table: TableFile | None, trips: Trips) -> dict[int, list[Frequency]]:
    """The frequencies by trip. A trip of which all frequencies are left out doesn't run: it has none."""
    if table is None:
        return {}
    index_of = {trip_id: index for index, trip_id in enumerate(trips.trip_id)}
    starts, ends = (seconds_of(table, name).tolist() for name in ("start_time", "end_time"))
    headways = map(int, table.texts("headway_secs"))
    named = table.values("trip_id").to_pylist()
    result: dict[int, list[Frequency]] = {index_of[trip]: [] for trip in named if trip in index_of}
    windows = map(Frequency, starts, ends, headways, range(len(table)))
    for trip, window in zip(table.texts("trip_id"), windows, strict=True):
        if trip in index_of:
            result[index_of[trip]].append(window)
    return result
