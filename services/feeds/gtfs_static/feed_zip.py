"""Writes a network as the zip of a GTFS feed, line by line, so that memory holds the tables of one line.

Equal networks, scenarios and dates give equal bytes: entries have a fixed order and time.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

from services.feeds.gtfs_static import feed_trips, network_tables
from services.feeds.gtfs_static.feed_trips import LineTrips
from services.gtfs_trips.calendar import Span, feed_calendar
from services.gtfs_trips.ids import feed_ids
from simulator.gtfs.carried.carried_network import CARRIED, carried_content
from simulator.network import Network
from simulator.progress import OnProgress, Progress, ignore_progress
from simulator.scenario.scenario import Scenario

WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The time of all entries: the earliest that a zip can have."""
READABLE = 0o644 << 16

Part = TypeVar("Part")


def write_feed(
    file: Path | BinaryIO,
    network: Network,
    scenario: Scenario | None = None,
    span: Span | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Mapping[str, int]:
    """Write the feed of a network; return the number of rows by table.

    `scenario` is the one whose extra buses the network has, if any. Raises `InputError` for a network that no
    feed can hold, and OSError where the disk is full.
    """
    timezone = network_tables.timezone_of(network)
    calendar, ids = feed_calendar(network, scenario, span), feed_ids(network)
    lines = [LineTrips(network, line, ids, calendar, scenario) for line in network.lines]
    with zipfile.ZipFile(file, "w") as archive:
        tables = _Tables(archive, on_progress)
        tables.write("agency.txt", network_tables.AGENCY, network_tables.agency_rows(timezone))
        tables.write("stops.txt", network_tables.STOPS, network_tables.stop_rows(network, ids))
        tables.write("routes.txt", network_tables.ROUTES, network_tables.route_rows(network, ids))
        tables.write_lines("trips.txt", feed_trips.TRIPS, lines, lambda each: joined(each.trip_rows()))
        tables.write_lines("stop_times.txt", feed_trips.STOP_TIMES, lines, LineTrips.stop_times)
        used = {service.service_id for line in lines for service in line.services}
        tables.write("calendar.txt", network_tables.CALENDAR, network_tables.calendar_rows(calendar, used))
        dates = network_tables.calendar_date_rows(calendar, used)
        tables.write("calendar_dates.txt", network_tables.CALENDAR_DATES, dates)
        tables.write_lines("shapes.txt", feed_trips.SHAPES, lines, lambda each: joined(each.shape_rows()))
        frequencies = feed_trips.FREQUENCIES
        tables.write_lines("frequencies.txt", frequencies, lines, lambda each: joined(each.frequency_rows()))
        info = network_tables.feed_info_rows(network, timezone, calendar)
        tables.write("feed_info.txt", network_tables.FEED_INFO, info)
        archive.writestr(_entry(CARRIED), carried_content(network, tables.hashes))
    return tables.rows


class _Tables:
    """Writes tables into a zip. `hashes` has the SHA-256 of each so far, `rows` how many rows it has."""

    def __init__(self, archive: zipfile.ZipFile, on_progress: OnProgress) -> None:
        self._archive, self._on_progress = archive, on_progress
        self.hashes: dict[str, str] = {}
        self.rows: dict[str, int] = {}

    def write(self, name: str, header: str, rows: Iterable[str]) -> None:
        """Write a small table from its rows."""
        self._write(name, header, [joined(rows)])

    def write_lines(
        self, name: str, header: str, lines: Sequence[Part], rows_of: Callable[[Part], bytes]
    ) -> None:
        """Write a table from the rows of each line, reporting progress."""

        def chunks() -> Iterator[bytes]:
            for number, line in enumerate(lines):
                self._on_progress(Progress(f"writing {name}", number, len(lines), "lines"))
                yield rows_of(line)
            self._on_progress(Progress(f"writing {name}", len(lines), len(lines), "lines"))

        self._write(name, header, chunks())

    def _write(self, name: str, header: str, chunks: Iterable[bytes]) -> None:
        """Write a table; none if it has no rows."""
        full = filter(None, chunks)
        first = next(full, None)
        if first is None:
            return
        written, rows = hashlib.sha256(), 0
        with self._archive.open(_entry(name), "w") as file:
            head = f"{header}\n".encode()
            file.write(head)
            written.update(head)
            while first is not None:
                file.write(first)
                written.update(first)
                rows += first.count(b"\n")
                first = next(full, None)
        self.hashes[name], self.rows[name] = written.hexdigest(), rows


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, WRITTEN)
    entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, READABLE, 3
    return entry


def joined(rows: Iterable[str]) -> bytes:
    """Rows as the lines of a file."""
    return "".join(f"{row}\n" for row in rows).encode()
