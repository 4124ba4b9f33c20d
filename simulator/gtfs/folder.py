"""Writes an imported feed as the files of a network folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.gtfs.importer import Imported
from simulator.gtfs.network_entries import entry
from simulator.gtfs.report import REPORT
from simulator.network_files.tables import NETWORK, SHAPES, TIMETABLE, TIMINGS, shape_rows, timetable_rows
from simulator.network_files.timings import timing_rows


def write_folder(imported: Imported, folder: Path) -> None:
    """Write the network's four files and the report of the import into an existing folder."""
    (folder / REPORT).write_text(imported.details.as_json(), encoding="utf-8")
    (folder / NETWORK).write_text("".join(_yaml(imported)), encoding="utf-8")
    tables = {
        TIMETABLE: timetable_rows({draft.line_id: draft.timetable for draft in imported.drafts}),
        TIMINGS: timing_rows(
            {name: pattern.timings for draft in imported.drafts for name, pattern in draft.patterns.items()}
        ),
        SHAPES: shape_rows({name: rows for draft in imported.drafts for name, rows in draft.shapes.items()}),
    }
    for name, rows in tables.items():
        (folder / name).write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")


def _yaml(imported: Imported) -> Iterator[str]:
    """The network file: list items on a line each, as flow mappings (JSON values are valid YAML)."""
    yield f"# Imported from {imported.name}; departures are in {TIMETABLE}, roads in {SHAPES}.\n"
    yield from (f"# {line}\n" for line in imported.report)
    yield "stops:\n"
    for stop_id, (name, latitude, longitude) in sorted(imported.places.items()):
        stop = {"stop_id": stop_id, "name": name, "latitude": latitude, "longitude": longitude}
        stop["gtfs_id"] = imported.gtfs_ids[stop_id]
        yield f"  - {_flow(stop)}\n"
    yield "lines:\n"
    for draft in imported.drafts:
        for number, (key, value) in enumerate(entry(draft).items()):
            yield "  - " if number == 0 else "    "
            if isinstance(value, list):
                yield f"{key}:\n" + "".join(f"      - {_flow(item)}\n" for item in value)
            else:
                yield f"{key}: {_flow(value)}\n"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        # Dates as keys are quoted: YAML would read them as dates.
        keys = {key: json.dumps(key) if key[:1].isdigit() else key for key in value}
        return "{" + ", ".join(f"{keys[key]}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
