"""The endpoint's health check: it answers, or its history is still being written.

Arguments: the URL, the file that is there while history is loaded, and the data's file. Long histories take
longer than any health check may wait: what counts is that something was written in the last minutes.
"""

import sys
import time
import urllib.request
from pathlib import Path

LONGEST_SILENCE_S = 600
"""The first hour of a large network takes minutes, since its lines are simulated from their day's start."""

url, loading, data = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
try:
    urllib.request.urlopen(url, timeout=4)  # noqa: S310 - the module's own address
except OSError:
    if not loading.exists():
        raise
    written = max(path.stat().st_mtime for path in (loading, *data.parent.glob(f"{data.name}*")))
    if time.time() - written > LONGEST_SILENCE_S:  # noqa: TID251 - in the container, beside the program
        raise
