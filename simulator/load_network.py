"""A network from wherever it is: a file of lines, a folder with tables, or a GTFS feed's zip."""

from __future__ import annotations

from pathlib import Path

from simulator import network_file
from simulator.network import Network

FEED_SUFFIX = ".zip"


def load_network(path: Path) -> Network:
    """The network at `path`: a zip is a GTFS feed, imported with what is usually assumed.

    InputFileError carries everything that is wrong with it.
    """
    if path.suffix.lower() != FEED_SUFFIX or path.is_dir():
        return network_file.load_network(path)
    from simulator.gtfs_import import import_feed

    return import_feed(path).network
