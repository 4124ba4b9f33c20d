"""Reads a network file (YAML, like `data/lines.yaml`) as a Network, or reports everything wrong with it.

Its fields are described in `simulator/network_files/schema.py`. Refused, all at once, each with file, line
and mend: YAML that `simulator/files/yaml_document.py` refuses; fields of a wrong type, out of range, missing
or unknown; ids used twice; a stop id with two places; first or last stops that aren't terminals; stops at the
same place or over 30 km apart; a service that begins before the buses are home from the last one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from simulator.files.csv_table import TableFile
from simulator.files.problems import Faults, InputFileError, Loc, Problem
from simulator.files.yaml_document import Document, read_document
from simulator.network import Line, Network, Stop
from simulator.network_files import checks
from simulator.network_files.line_builder import NO_TABLES, Definitions, build_line
from simulator.network_files.schema import LineEntry, NetworkEntry
from simulator.network_files.tables import NETWORK, read_tables, table_files
from simulator.progress import OnProgress, Progress, ignore_progress
from simulator.types import StopId

NO_IDS: Mapping[str, str] = {}


class NetworkFileError(InputFileError):
    """A network file that can't be used: `problems` has every reason, and str() a line for each."""


def load_network(path: Path, on_progress: OnProgress = ignore_progress) -> Network:
    """The network of a file, or of a folder with tables; the file or folder gives its name.

    NetworkFileError has everything that is wrong with it.
    """
    folder = path if path.is_dir() else None
    on_progress(Progress(f"reading {path.name}", 0, 1, "files"))
    try:
        document, files = (read_document(path), {}) if folder is None else _read(folder)
    except InputFileError as error:
        raise NetworkFileError(error.problems) from error
    faults: Faults = []
    document.validated((), document.data, NetworkEntry, faults)
    entries = [
        (loc, document.validated(loc, data, LineEntry, faults))
        for loc, data in checks.find(document.data, ("lines", "*"))
    ]
    faults += checks.check(document)
    tables, problems = (NO_TABLES, []) if folder is None else read_tables(files, _patterns(document.data))
    definitions = dict(checks.defined_places(document.data))
    broken = {loc[:2] for loc, _ in faults}
    lines = []
    for number, (loc, entry) in enumerate(entries):
        on_progress(Progress("building lines", number, len(entries), "lines"))
        if entry is not None and loc not in broken:
            lines.append(build_line(entry, definitions, loc, faults, tables))
    on_progress(Progress("building lines", len(entries), len(entries), "lines"))
    problems = [*document.problems, *problems, *_located(document, faults)]
    if problems:
        raise NetworkFileError(problems)
    return network_of(lines, definitions, path.stem, _gtfs_ids(document.data))


def _read(folder: Path) -> tuple[Document, dict[str, TableFile]]:
    """The network file of a folder and its tables, which Arrow reads on another core meanwhile."""
    with ThreadPoolExecutor(1) as reader:
        files = reader.submit(table_files, folder)
        return read_document(folder / NETWORK), files.result()


def _gtfs_ids(data: Any) -> dict[str, str]:
    """The ids of stops in the feed that they come from, by stop id."""
    return {
        stop["stop_id"]: stop["gtfs_id"] for _, stop in checks.find(data, ("stops", "*")) if "gtfs_id" in stop
    }


def _patterns(data: Any) -> dict[str, list[str]]:
    """The ids of the patterns that each line names."""
    return {
        line["line_id"]: [name for _, name in checks.find(line, ("patterns", "*", "pattern_id"))]
        for _, line in checks.find(data, ("lines", "*"))
        if isinstance(line, dict) and isinstance(line.get("line_id"), str)
    }


def _located(document: Document, faults: Faults) -> Iterator[Problem]:
    for loc, message in faults:
        subject = _subject(document.data, loc)
        yield document.problem(loc, f"{subject}: {message}" if subject else message)


def _subject(data: Any, loc: Loc) -> str:
    """The ids of the objects around a location, such as `line L1, stop S001`."""
    names = []
    for step in (*loc, None):
        if isinstance(data, dict):
            named = ((kind, data.get(f"{kind}_id")) for kind in ("line", "pattern", "stop", "bus"))
            names += [f"{kind} {name}" for kind, name in named if isinstance(name, str) and name]
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            break
    return ", ".join(names)


def network_of(
    lines: Sequence[Line],
    definitions: Definitions,
    name: str,
    gtfs_ids: Mapping[str, str] = NO_IDS,
) -> Network:
    """The network of these lines and the stops that they serve; `gtfs_ids` are a feed's stop ids by ours."""
    served = sorted({stop_id for line in lines for stop_id in line.stop_ids})
    stops = tuple(
        Stop(StopId(stop_id), *definitions[stop_id], gtfs_ids.get(stop_id, "")) for stop_id in served
    )
    return Network(tuple(sorted(lines, key=lambda line: line.line_id)), stops, name)
