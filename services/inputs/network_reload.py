"""Inputs whose network may be replaced while a process runs.

The network is checked for changes from time to time. A new one takes effect at the next whole hour of
simulated time; until then the old one stays in use. An invalid one is refused and all its errors are logged.

Processes look at different moments, and all of them switch at the same hour: it follows from the moment at
which the network was replaced, and leaves each of them the time to look.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from services.background import background
from services.errors import InputError
from services.inputs.load import Inputs
from services.refreshed_value import RefreshedValue
from services.times import HOUR, ceiling, format_instant
from simulator.clock import Clock
from storage.errors import DependencyUnavailable
from storage.store import Run

log = logging.getLogger("bus_simulator.network")

REFRESH_S = 10.0
LOADING_S = 10.0
"""Wall seconds that a process may take to load a network."""


@dataclass(frozen=True, slots=True)
class NetworkChange:
    """New inputs, and the whole hour at which they take effect."""

    inputs: Inputs
    begins: datetime


class ReloadableInputs:
    """Inputs that `load` returns, loaded at once and again when `changed` says that they have changed.

    Both functions may raise `InputError` and `DependencyUnavailable`. `earlier` returns the inputs of a run
    whose network has been replaced, None if it isn't kept. `replaced_at` is the wall time at which the loaded
    network took the place of the one before, in seconds since the epoch; None if that isn't known.
    """

    def __init__(
        self,
        load: Callable[[], Inputs],
        changed: Callable[[], bool],
        earlier: Callable[[Run], Inputs | None] = lambda _run: None,
        replaced_at: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.earlier, self._replaced_at = earlier, replaced_at
        self._inputs = RefreshedValue(
            lambda: load() if changed() else None,
            errors=(DependencyUnavailable, InputError),
            on_error=_log_refusal,
            initial=load(),
        )

    @property
    def current(self) -> Inputs:
        """The inputs loaded last."""
        return self._inputs.value

    def reload(self, clock: Clock, every_s: float) -> NetworkChange | None:
        """Check for a new network; return the change if there is a valid one, else None.

        `every_s` is how often processes check, in wall seconds.
        """
        before = self.current
        if not self._inputs.refresh() or self.current.run == before.run:
            return None
        found = self.current
        change = NetworkChange(found, ceiling(self._known_to_all(clock, every_s), HOUR))
        fields = {"network": found.network.digest[:12], "begins": format_instant(change.begins)}
        log.info("a new network takes effect at the next whole hour", extra={"fields": fields})
        return change

    def _known_to_all(self, clock: Clock, every_s: float) -> datetime:
        """The instant by which each process has looked and loaded; now, if it isn't known or standing."""
        replaced_at = self._replaced_at()
        if replaced_at is None or not isfinite(clock.rate):
            return clock.now()
        return clock.at(replaced_at + every_s + LOADING_S)


def _log_refusal(error: Exception) -> None:
    if isinstance(error, InputError):
        log.error("the new network is refused, the old one stays in use: %s", error)
    else:
        log.warning("network not checked: %s", error)


def fixed_inputs(inputs: Inputs) -> ReloadableInputs:
    """Inputs that never change."""
    return ReloadableInputs(lambda: inputs, lambda: False)


@contextmanager
def watching(
    inputs: ReloadableInputs, every_s: float, clock: Clock, on_change: Callable[[NetworkChange], None]
) -> Iterator[None]:
    """Reload every `every_s` in a thread and pass changes to `on_change`; on exit close the clock."""

    def follow() -> None:
        while clock.rest(every_s):
            change = inputs.reload(clock, every_s)
            if change is not None:
                on_change(change)

    with background(follow, name="network", stop=clock.close):
        yield
