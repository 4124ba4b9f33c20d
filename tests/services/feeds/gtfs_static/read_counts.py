"""`python read_counts.py FEED.zip…`: how many rows GTFS readers find in feeds, as a line of JSON for each.

It runs where gtfs_kit and partridge are installed, apart from the simulator (`build/gtfs-readers`).
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib import import_module

TABLES = ("routes", "stops", "trips", "stop_times", "shapes", "frequencies", "calendar_dates")


def main(paths: list[str]) -> None:
    """Print the rows by table of each reader."""
    warnings.simplefilter("ignore")
    partridge, gtfs_kit = import_module("partridge"), import_module("gtfs_kit")
    for path in paths:
        feeds = {
            "partridge": partridge.load_raw_feed(path),
            "gtfs_kit": gtfs_kit.read_feed(path, dist_units="m"),
        }
        rows = {
            reader: {table: 0 if (found := getattr(feed, table)) is None else len(found) for table in TABLES}
            for reader, feed in feeds.items()
        }
        sys.stdout.write(json.dumps(rows) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
