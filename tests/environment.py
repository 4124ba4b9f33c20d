"""The environment of programs that tests start: without variables of the simulator and of make."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MAKE_ARGUMENTS = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "ARGS")
"""By these `make test ARGS=…` would hand its own arguments to every `make` that a test starts."""


def environment(**variables: str) -> dict[str, str]:
    """This environment without `BUS_SIMULATOR_*` and make's arguments, and with `variables`."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BUS_SIMULATOR_") and name not in MAKE_ARGUMENTS
    }
    return inherited | variables


def replace_environment(variables: Mapping[str, str]) -> None:
    """Make `variables` the environment of this process."""
    os.environ.clear()
    os.environ.update(variables)


def reach_loopback_directly() -> None:
    """Bypass HTTP proxies for this machine, in this process and the programs that it starts."""
    for name in ("NO_PROXY", "no_proxy"):
        exceptions = [each for each in os.environ.get(name, "").split(",") if each]
        os.environ[name] = ",".join([*exceptions, "127.0.0.1", "localhost", "::1"])


def all_examples() -> bool:
    """Whether `BUS_SIMULATOR_TEST_EXAMPLES` makes Hypothesis try all of a test's examples."""
    return os.environ.get("BUS_SIMULATOR_TEST_EXAMPLES") in {"all", "soak"}


def soak() -> bool:
    """Whether to try as many generated cases as `make test-soak` does, which takes minutes for one test."""
    return os.environ.get("BUS_SIMULATOR_TEST_EXAMPLES") == "soak"


def feeds_folder() -> Path | None:
    """The folder of GTFS feeds to test with that `BUS_SIMULATOR_TEST_FEEDS` names, None without one."""
    folder = os.environ.get("BUS_SIMULATOR_TEST_FEEDS", "").strip()
    return Path(folder) if folder else None


def pictures_folder() -> Path | None:
    """The folder into which `BUS_SIMULATOR_EXAMPLE_PICTURES` makes tests of examples write their pictures."""
    folder = os.environ.get("BUS_SIMULATOR_EXAMPLE_PICTURES", "")
    return Path(folder).resolve() if folder else None


def aws_confirmed() -> bool:
    """Whether `BUS_SIMULATOR_AWS_TESTS` lets tests create resources at AWS, which cost money."""
    return os.environ.get("BUS_SIMULATOR_AWS_TESTS") == "yes"
