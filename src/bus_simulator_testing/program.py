"""The program's command, environment and output, for the processes of tests."""

from __future__ import annotations

import os
import re
import sys

PROGRAM = (sys.executable, "-P", "-m", "bus_simulator")
"""-P: modules in the working directory can't shadow the program's or Python's."""
STOP_TIMEOUT_S = 30.0
ENDPOINT = re.compile(r"Timestream endpoint on (http://\S+),")


class NotStarted(RuntimeError):
    """The program ended before it was ready; the message is its error output."""


def environment(key: str) -> dict[str, str]:
    """Return the environment without variables that would configure the program or its imports."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("BUS_SIMULATOR_", "PYTHONPATH", "AWS_"))
    }
    nobody = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}
    return kept | nobody | {"BUS_SIMULATOR_API_KEY": key}
