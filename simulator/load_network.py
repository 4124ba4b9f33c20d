"""A network from a network file, a folder with tables, or the zip of a GTFS feed, which may carry one."""

from __future__ import annotations

from pathlib import Path

from simulator.garbage import without_collections
from simulator.network import Network
from simulator.network_files import loader
from simulator.progress import OnProgress, ignore_progress

FEED_SUFFIX = ".zip"


def load_network(path: Path, on_progress: OnProgress = ignore_progress) -> Network:
    """The network at `path`: a zip is a GTFS feed, imported with the default assumptions.

    A feed that `export-gtfs` wrote, and nobody has edited, carries its network.

    InputFileError carries everything that is wrong with it.
    """
    with without_collections():
        if path.suffix.lower() != FEED_SUFFIX or path.is_dir():
            return loader.load_network(path, on_progress)
        from simulator.gtfs.carried.carried_network import read_carried_network

        carried = read_carried_network(path)
        if carried is not None and carried.network is not None:
            return carried.network
        from simulator.gtfs.importer import import_feed

        return import_feed(path, on_progress=on_progress).network
