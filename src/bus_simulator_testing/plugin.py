"""The pytest plugin: the fixtures `bus_simulator`, `bus_simulator_container`, `bus_simulator_stack` and
`timestream_endpoint`.

Nothing is started, and only pytest imported, until a test uses a fixture.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bus_simulator_testing.choices import Choices

if TYPE_CHECKING:
    from bus_simulator_testing.container import BusSimulatorContainer
    from bus_simulator_testing.pool import Pool
    from bus_simulator_testing.process import BusSimulatorProcess
    from bus_simulator_testing.stack import BusSimulatorStack

MARKER = "bus_simulator"
OPTIONS = {
    "scenario": "the default scenario of all tests: a name or a file",
    "seed": "the default seed of all tests",
    "network": "the default network of all tests: a file, a folder or a GTFS zip",
    "image": "the Docker image of containers",
    "program": "the simulator's command, if it is installed in another environment",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options like `--bus-simulator-seed`, which can also be set in pytest's configuration."""
    group = parser.getgroup("bus-simulator", "the bus simulator")
    for name, text in OPTIONS.items():
        group.addoption(f"--bus-simulator-{name}", default=None, help=text)
        parser.addini(f"bus_simulator_{name}", text)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(scenario=, seed=, speed=, network=, at=, backfill=, timestream=): its settings",
    )


def option(config: pytest.Config, name: str) -> str | None:
    """Return an option of the command line, else of the configuration."""
    given = config.getoption(f"--bus-simulator-{name}") or config.getini(f"bus_simulator_{name}")
    return str(given) if given else None


def choices_of(request: pytest.FixtureRequest) -> Choices:
    """Return a test's settings: from its own marker, else its class's, its module's, the options."""
    seed = option(request.config, "seed")
    chosen = Choices(
        scenario=option(request.config, "scenario"),
        network=option(request.config, "network"),
        seed=None if seed is None else int(seed),
    )
    for mark in reversed(list(request.node.iter_markers(MARKER))):
        chosen = Choices.of(mark.kwargs, chosen)
    return chosen


@pytest.fixture(scope="session")
def _bus_simulator_pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    from bus_simulator_testing.pool import Pool
    from bus_simulator_testing.program import PROGRAM

    program = option(request.config, "program")
    with Pool(shlex.split(program) if program else PROGRAM) as pool:
        yield pool


@pytest.fixture
def bus_simulator(request: pytest.FixtureRequest, _bus_simulator_pool: Pool) -> Iterator[BusSimulatorProcess]:
    """A simulator as a process, with the settings of the test's marker and its clock at the start.

    Tests with equal settings share it; if one moves the clock, it is rewound afterwards.
    """
    with _bus_simulator_pool.lent(choices_of(request)) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def timestream_endpoint(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a local Timestream endpoint without any city, one for the session.

    Tests that write should have databases of their own.
    """
    from bus_simulator_testing.program import PROGRAM
    from bus_simulator_testing.timestream import TimestreamProcess

    program = option(request.config, "program")
    with TimestreamProcess(program=shlex.split(program) if program else PROGRAM) as endpoint:
        yield endpoint.url


@pytest.fixture
def bus_simulator_container(request: pytest.FixtureRequest) -> Iterator[BusSimulatorContainer]:
    """A simulator in a container of the test's own, with the settings of its marker."""
    from bus_simulator_testing.container import IMAGE, BusSimulatorContainer

    image = option(request.config, "image") or IMAGE
    with BusSimulatorContainer(choices=choices_of(request), image=image) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def bus_simulator_stack(request: pytest.FixtureRequest) -> Iterator[BusSimulatorStack]:
    """All parts in containers beside LocalStack, one set for the session."""
    from bus_simulator_testing.container import IMAGE
    from bus_simulator_testing.stack import BusSimulatorStack

    with BusSimulatorStack(choices_of(request), image=option(request.config, "image") or IMAGE) as stack:
        yield stack
