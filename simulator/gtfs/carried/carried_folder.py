"""Writes the network that an exported feed carries as a network folder, with a report as of any import."""

from __future__ import annotations

from pathlib import Path

from simulator.day.travel import DEFAULT_SPEED_KMH
from simulator.gtfs.report import REPORT, ImportReport, LineReport
from simulator.network import Line, Network
from simulator.network_files.writer import write_network
from simulator.planned_service import planned_trips
from simulator.types import DayType


def write_carried_network(network: Network, feed: Path, folder: Path) -> ImportReport:
    """Write the network's files and the report into an existing folder."""
    report = carried_report(network, feed)
    write_network(network, folder, [f"From {feed.name}.", *report.summary])
    (folder / REPORT).write_text(report.as_json(), encoding="utf-8")
    return report


def carried_report(network: Network, feed: Path) -> ImportReport:
    """The report: the network as it was exported, with nothing chosen or assumed."""
    buses = sum(len(line.buses) for line in network.lines)
    summary = [
        f"exported by bus-simulator and unchanged since: the same network, digest {network.digest[:16]}…",
        f"{len(network.lines)} lines, {len(network.stops)} stops, {buses} buses",
    ]
    return ImportReport(feed.name, summary, [], list(map(_line_report, network.lines)), [])


def _line_report(line: Line) -> LineReport:
    trips = {kind: planned_trips(line, kind, len(line.buses)) for kind in DayType}
    return LineReport(
        line_id=line.line_id,
        gtfs_id=line.gtfs_id,
        name=line.name,
        night=line.night,
        patterns=len(line.patterns),
        stops=len(line.stop_ids),
        buses=len(line.buses),
        speed_kmh=line.speed_kmh or DEFAULT_SPEED_KMH,
        departures={kind.value: len(of_day) for kind, of_day in trips.items() if of_day},
        worst_time_error=0.0,
        median_time_error=0.0,
        follows_blocks=any(trip.block for of_day in trips.values() for trip in of_day),
    )
