"""A network from a network file, a folder with tables, or a GTFS feed, which may carry one."""

from __future__ import annotations

from pathlib import Path

from simulator.garbage import without_collections
from simulator.network import Network
from simulator.network_files import loader
from simulator.network_files.tables import NETWORK
from simulator.progress import OnProgress, ignore_progress

FEED_SUFFIX = ".zip"


def load_network(path: Path, on_progress: OnProgress = ignore_progress) -> Network:
    """The network at `path`: a GTFS feed, zip or folder, is imported with the default assumptions.

    A feed that `export-gtfs` wrote, and nobody has edited, carries its network.

    InputFileError carries everything that is wrong with it.
    """
    with without_collections():
        if not is_feed(path):
            return loader.load_network(path, on_progress)
        from simulator.gtfs.carried.carried_network import read_carried_network

        carried = read_carried_network(path)
        if carried is not None and carried.network is not None:
            return carried.network
        from simulator.gtfs.importer import import_feed

        return import_feed(path, on_progress=on_progress).network


def is_feed(path: Path) -> bool:
    """Whether a path is a zip, or a folder with files of GTFS (and no network)."""
    if not path.is_dir():
        return path.suffix.lower() == FEED_SUFFIX
    if (path / NETWORK).exists():
        return False
    from simulator.gtfs.reading.tables import TABLES
    from simulator.gtfs.reading.unpacked import has_feed

    return has_feed(path, TABLES.keys())
