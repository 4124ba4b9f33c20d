"""Processes that tests share. A test that has moved the clock gives its simulator back rewound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any

from bus_simulator_testing.api import Refused, Unreachable
from bus_simulator_testing.choices import Choices
from bus_simulator_testing.process import BusSimulatorProcess


class Pool:
    """Lends processes, one for each set of settings; stops them at the end of its `with`."""

    def __init__(self, program: Sequence[str]) -> None:
        """`program` is the command that starts a simulator."""
        self._program = program
        self._idle: dict[Choices, tuple[BusSimulatorProcess, Any]] = {}

    def __enter__(self) -> Pool:
        """Return the pool."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the idle processes."""
        with ExitStack() as stack:
            for simulator, _ in self._idle.values():
                stack.callback(simulator.stop)

    @contextmanager
    def lent(self, choices: Choices) -> Iterator[BusSimulatorProcess]:
        """Lend a simulator whose clock is at its start; rewind it afterwards, or stop it if that fails."""
        found = self._idle.pop(choices, None)
        if found is None:
            simulator = BusSimulatorProcess(choices, program=self._program).__enter__()
            found = simulator, state_of(simulator)
        simulator, began = found
        try:
            yield simulator
        finally:
            if is_back(simulator, began):
                self._idle[choices] = found
            else:
                simulator.stop()


def is_back(simulator: BusSimulatorProcess, began: Any) -> bool:
    """Whether the clock stands as it began, by itself or rewound, and the city was not disturbed.

    A clock that began running never does.
    """
    if not began["paused"]:
        return False
    found = state_of(simulator)
    if found is not None and found["journal"] == began["journal"] and found != began:
        with suppress(Refused, Unreachable, ValueError, TimeoutError):
            simulator.rewind(began["now"])
        found = state_of(simulator)
    return bool(found == began)


def state_of(simulator: BusSimulatorProcess) -> Any:
    """Return the clock's body and the journal's digest; None if the simulator doesn't answer any more."""
    try:
        return {**simulator.get("/clock"), "journal": simulator.get("/interventions")["digest"]}
    except (Refused, Unreachable):
        return None
