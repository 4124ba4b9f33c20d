"""SIGTERM and SIGINT (Ctrl-C) close the clock, which ends everything in the process in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from simulator.clock import Clock

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def closed_by_signals(clock: Clock) -> Iterator[None]:
    """Close the clock on either signal; on exit restore the handlers from before."""
    before = [signal.signal(number, lambda *_: clock.close()) for number in SIGNALS]
    # PyArrow's own handler would end the reading of a CSV file on SIGINT with the exception ArrowCancelled.
    pa.enable_signal_handlers(False)
    try:
        yield
    finally:
        pa.enable_signal_handlers(True)
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
