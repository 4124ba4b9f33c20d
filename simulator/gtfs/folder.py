"""Writes an imported feed as the files of a network folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.garbage import without_collections
from simulator.gtfs.importer import Imported
from simulator.gtfs.network_entries import entry
from simulator.gtfs.report import REPORT
from simulator.network_files.route_shape import RouteShape
from simulator.network_files.tables import (
    NETWORK,
    SHAPES,
    TIMETABLE,
    TIMINGS,
    ShapeRow,
    shape_rows,
    timetable_rows,
)
from simulator.network_files.timings import timing_rows
from simulator.network_files.writer import network_yaml, write_table


@without_collections()
def write_folder(imported: Imported, folder: Path) -> None:
    """Write the network's four files and the report of the import into an existing folder."""
    (folder / REPORT).write_text(imported.details.as_json(), encoding="utf-8")
    comments = [f"Imported from {imported.name}; departures are in {TIMETABLE}, roads in {SHAPES}."]
    text = network_yaml([*comments, *imported.report], _stops(imported), map(entry, imported.drafts))
    (folder / NETWORK).write_text("".join(text), encoding="utf-8")
    tables = {
        TIMETABLE: timetable_rows({draft.line_id: draft.timetable for draft in imported.drafts}),
        TIMINGS: timing_rows(
            {name: pattern.timings for draft in imported.drafts for name, pattern in draft.patterns.items()}
        ),
        SHAPES: shape_rows(
            {name: _shape(road) for draft in imported.drafts for name, road in draft.roads.items()}
        ),
    }
    for name, rows in tables.items():
        write_table(folder / name, rows)


def _shape(road: RouteShape) -> list[ShapeRow]:
    """The rows of a shape, with the number of the stop at each point that is one."""
    numbers = {index: number for number, index in enumerate(road.stop_indexes, start=1)}
    return [ShapeRow(p.latitude, p.longitude, numbers.get(i, 0)) for i, p in enumerate(road.points)]


def _stops(imported: Imported) -> Iterator[dict[str, Any]]:
    """The entries of the stops, by id."""
    for stop_id, (name, latitude, longitude) in sorted(imported.places.items()):
        place = {"stop_id": stop_id, "name": name, "latitude": latitude, "longitude": longitude}
        yield {**place, "gtfs_id": imported.gtfs_ids[stop_id]}
