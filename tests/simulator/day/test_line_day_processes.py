"""The processes that simulate line-days."""

import os
import signal
from multiprocessing import active_children

from simulator.day.line_day_processes import ProcessPool


def test_an_interrupt_does_not_end_a_process_that_starts() -> None:
    earlier = {child.pid for child in active_children()}
    with ProcessPool(1) as pool:
        answer = pool.submit(os.getpid)
        (started,) = {child.pid for child in active_children()} - earlier
        assert started is not None
        os.kill(started, signal.SIGINT)
        assert answer.result(timeout=60) == started
