"""SIGTERM and SIGINT close the clock; afterwards the earlier handlers are restored."""

from __future__ import annotations

import signal

import pytest

from services.processes.termination import SIGNALS, closed_by_signals
from simulator.clock import Clock


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_closes_the_clock_and_its_handler_is_restored(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    clock = Clock()
    with closed_by_signals(clock):
        assert not clock.closed
        signal.raise_signal(number)
        assert clock.closed
    assert signal.getsignal(number) == before
