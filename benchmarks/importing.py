"""Importing the whole network's GTFS feed, and loading the folder that this makes."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, Unmeasured, timed
from benchmarks.filling import FEED
from simulator.gtfs.folder import write_folder
from simulator.gtfs.importer import import_feed
from simulator.load_network import load_network
from tests.environment import feeds_folder

IMPORT, LOAD = "import of the whole network's GTFS feed", "loading the network folder made of it"
IMPORT_S, LOAD_S = 5, 0.8


def measure() -> Iterator[Figure | Unmeasured]:
    """Seconds of both, in this process, after its imports."""
    folder = feeds_folder()
    if folder is None or not (folder / FEED).exists():
        needs = f"`BUS_SIMULATOR_TEST_FEEDS` names no folder with {FEED}"
        yield Unmeasured(IMPORT, needs, row_id="import")
        yield Unmeasured(LOAD, needs, row_id="folder")
        return
    with tempfile.TemporaryDirectory() as name:
        began = time.perf_counter()
        write_folder(import_feed(folder / FEED), Path(name))
        imported_s = time.perf_counter() - began
        began = time.perf_counter()
        load_network(Path(name))
        loaded_s = time.perf_counter() - began
    for row_id, what, seconds, target_s in (
        ("import", IMPORT, imported_s, IMPORT_S),
        ("folder", LOAD, loaded_s, LOAD_S),
    ):
        yield timed(what, seconds, "s", target_s, row_id=row_id)
