"""The status line: one line on the terminal with a server's state, refreshed in place.

There is none where stderr is no terminal, or where the log goes there as JSON.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event
from typing import TypeAlias

from services import logs
from services.background import background
from services.context import Context
from services.feeders.feeder import FeederStatus
from services.logs import TerminalHandler
from services.web.metrics import RequestCounts
from simulator.clock import MAX
from simulator.progress import Progress
from simulator.service_day import MADRID

REFRESH_S = 1.0
FEEDERS_EVERY = 5
"""Refreshes between two readings of the feeders; for other processes' feeders a reading is a query."""
ERASE_LINE = "\r\x1b[K"
Work: TypeAlias = Callable[[], Progress | None]
"""Returns the progress of work that lasts, such as the simulation of a new service day; None without any."""


@dataclass(frozen=True, slots=True)
class Status:
    """The values of the status line. `rate` is 0 while paused; `clients` counts WebSocket clients."""

    now: datetime
    rate: float
    feeders: Sequence[FeederStatus]
    requests_per_s: float
    clients: int
    last_problem: str | None = None
    work: Progress | None = None


def status_text(status: Status, columns: int) -> str:
    """The line, cut to `columns`; the last problem comes last, as it may be long."""
    parts = (
        f"{status.now.astimezone(MADRID):%a %Y-%m-%d %H:%M:%S} Madrid",
        rate_text(status.rate),
        feeders_text(status.feeders),
        work_text(status.work),
        f"{status.requests_per_s:.1f} requests/s",
        f"{status.clients} WebSocket client{'' if status.clients == 1 else 's'}",
        "no problems" if status.last_problem is None else f"last problem {status.last_problem}",
    )
    text = " | ".join(filter(None, parts))
    return text if len(text) <= columns else f"{text[: max(columns - 1, 0)]}…"


def rate_text(rate: float) -> str:
    """How fast simulated time passes."""
    if rate == 0:
        return "paused"
    return "max speed" if rate == MAX else f"{rate:g}x"


def feeders_text(feeders: Sequence[FeederStatus]) -> str:
    """The greatest lag, or which feeders don't run; empty without feeders."""
    if not feeders:
        return ""
    halted = [f"{each.name} {each.state}" for each in feeders if each.state != "running"]
    lag = max(each.lag for each in feeders) // timedelta(seconds=1)
    return ", ".join([f"lag {lag} s", *halted])


def work_text(work: Progress | None) -> str:
    """What is being done, and how much of it is done; empty without work."""
    return "" if work is None else f"{work.work}: {work.done:,} of {work.total:,} {work.unit}"


def no_work() -> None:
    """A `Work` of a process that only serves."""


class StatusSource:
    """Measures the values of the status line; each call covers the time since the last one."""

    def __init__(
        self, context: Context, requests: RequestCounts, handler: TerminalHandler, work: Work = no_work
    ) -> None:
        self._context, self._requests, self._handler, self._work = context, requests, handler, work
        self._measured_s, self._count = time.perf_counter(), 0
        self._calls = 0
        self._feeders: list[FeederStatus] = []

    def __call__(self) -> Status:
        """The status now."""
        context, now = self._context, self._context.now()
        if self._calls % FEEDERS_EVERY == 0:
            self._feeders = [feeder.status(now) for feeder in context.feeders]
        self._calls += 1
        return Status(
            now=now,
            rate=context.clock.rate,
            feeders=self._feeders,
            requests_per_s=self._request_rate(),
            clients=0 if context.live is None else context.live.connections,
            last_problem=self._handler.last_problem,
            work=self._work(),
        )

    def _request_rate(self) -> float:
        """Requests a second since the last call."""
        # A copy: the event loop may count a new route during the iteration.
        count, measured_s = sum(list(self._requests.by_status.values())), time.perf_counter()
        rate = (count - self._count) / max(measured_s - self._measured_s, 1e-9)
        self._measured_s, self._count = measured_s, count
        return rate


@contextmanager
def status_line(context: Context, requests: RequestCounts, work: Work = no_work) -> Iterator[None]:
    """Keep the line on the terminal and refresh it in a thread; on exit erase it."""
    handler = logs.terminal_handler()
    if handler is None:
        yield
        return
    from tqdm import tqdm

    source, stopped = StatusSource(context, requests, handler, work), Event()
    line = tqdm(file=sys.stderr, bar_format="{desc}", leave=False)

    def refresh() -> None:
        while not stopped.wait(REFRESH_S):
            line.set_description_str(status_text(source(), columns()))

    try:
        with background(refresh, name="status-line", stop=stopped.set):
            yield
    finally:
        line.close()
        sys.stderr.write(ERASE_LINE)
        sys.stderr.flush()


def columns() -> int:
    """How wide a line may be: one column less than the terminal, since a full line would wrap."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns - 1
    except OSError:
        return 79
