"""A network from wherever it is: a file of lines, a folder with tables, or a GTFS feed's zip."""

from __future__ import annotations

from pathlib import Path

from simulator.network import Network
from simulator.network_files import loader
from simulator.progress import OnProgress, ignore_progress

FEED_SUFFIX = ".zip"


def load_network(path: Path, on_progress: OnProgress = ignore_progress) -> Network:
    """The network at `path`: a zip is a GTFS feed, imported with what is usually assumed.

    InputFileError carries everything that is wrong with it.
    """
    if path.suffix.lower() != FEED_SUFFIX or path.is_dir():
        return loader.load_network(path, on_progress)
    from simulator.gtfs.importer import import_feed

    return import_feed(path, on_progress=on_progress).network
