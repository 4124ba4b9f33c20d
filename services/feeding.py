"""One feeder as a process of its own, over a store that several share.

While the store can't be reached, at the start too, it waits and tries again; told to end, it finishes the
tick in hand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import TypeVar

from services import history
from services.feeder import FIRST_RETRY_S, LONGEST_RETRY_S, Feeder, FeederKind
from services.inputs import Inputs, opened
from services.times import format_instant
from simulator.clock import Clock
from storage.errors import StoreUnavailable
from storage.runs import check_run

log = logging.getLogger("bus_simulator.feed")

T = TypeVar("T")


def feed(
    kind: FeederKind,
    *,
    inputs: Inputs,
    store: str,
    clock: Clock,
    jobs: int | None,
    continue_with_new_inputs: bool,
) -> None:
    """Write what is due until the clock is closed. Raises `InputError`, and `StoreError` as `open_store`."""
    target = patiently(lambda: opened(store), clock)
    if target is None:
        return
    with closing(target), closing(inputs.city(jobs)) as city:
        progress = Progress(clock)

        def begun() -> Feeder:
            check_run(target, inputs.run, continue_with_new_inputs=continue_with_new_inputs)
            feeder = Feeder(
                kind,
                model=city,
                store=target,
                run=inputs.run,
                clock=clock,
                start=history.live_start(target, inputs.run, clock.now()),
                on_tick=lambda: progress.note(feeder),
            )
            return feeder

        feeder = patiently(begun, clock)
        if feeder is not None:
            feeder.run_until_closed()
            log.info("%s ends", kind.name, extra={"fields": fields(feeder, clock.now())})


class Progress:
    """Logs a feeder's ticks with its lag, and at the greatest speed drives the clock along."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: datetime | None = None

    def note(self, feeder: Feeder) -> None:
        """Log the feeder's last tick if it is a new one."""
        course = self._clock.course
        reached = feeder.reached(course)
        self._clock.drive(reached, course)
        if self._last is None or reached > self._last:
            self._last = reached
            log.info("%s written", feeder.kind.name, extra={"fields": fields(feeder, self._clock.now())})


def fields(feeder: Feeder, now: datetime) -> dict[str, object]:
    """What a log line says: the last tick, and how much simulated time is due and not written."""
    status = feeder.status(now)
    return {
        "feeder": status.name,
        "last_tick": format_instant(status.last_tick),
        "lag_s": status.lag.total_seconds(),
    }


def patiently(attempt: Callable[[], T], clock: Clock) -> T | None:
    """What `attempt` gives once the store can be reached; None if the clock is closed before."""
    retry_s = FIRST_RETRY_S
    while not clock.closed:
        try:
            return attempt()
        except StoreUnavailable as error:
            log.warning("waiting for the store: %s", error)
            clock.rest(retry_s)
            retry_s = min(2 * retry_s, LONGEST_RETRY_S)
    return None
