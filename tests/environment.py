"""The environment of programs that tests start: this process's, less the simulator's own variables."""

from __future__ import annotations

import os


def environment(**variables: str) -> dict[str, str]:
    """This environment without `BUS_SIMULATOR_*`, and with `variables`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("BUS_SIMULATOR_")}
    return inherited | variables
