"""The environment of programs that tests start: this process's, less the simulator's own variables."""

from __future__ import annotations

import os
from pathlib import Path


def environment(**variables: str) -> dict[str, str]:
    """This environment without `BUS_SIMULATOR_*`, and with `variables`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("BUS_SIMULATOR_")}
    return inherited | variables


def feeds_folder() -> Path | None:
    """The folder of GTFS feeds to test with that `BUS_SIMULATOR_TEST_FEEDS` names, None without one."""
    folder = os.environ.get("BUS_SIMULATOR_TEST_FEEDS", "").strip()
    return Path(folder) if folder else None


def aws_confirmed() -> bool:
    """Whether `BUS_SIMULATOR_AWS_TESTS` says that tests may make and pay for things at AWS."""
    return os.environ.get("BUS_SIMULATOR_AWS_TESTS") == "yes"
