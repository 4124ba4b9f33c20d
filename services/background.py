"""Background threads that last as long as a `with` block: started on entry, stopped and joined on exit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

log = logging.getLogger("bus_simulator.background")


@contextmanager
def background(
    job: Callable[[], object],
    *,
    name: str,
    stop: Callable[[], object],
    on_failure: Callable[[Exception], object] | None = None,
) -> Iterator[None]:
    """Run `job` in a daemon thread during the block. On exit call `stop`, which has to end it, and join.

    An exception that ends the job goes to `on_failure`, in the thread. Without `on_failure` it is logged at
    once, and raised at the end of the block unless the block itself raised.
    """
    failures: list[Exception] = []

    def keep(error: Exception) -> None:
        log.error("thread %s failed", name, exc_info=error)
        failures.append(error)

    report = on_failure or keep

    def run() -> None:
        try:
            job()
        except Exception as error:  # noqa: BLE001 - the outermost frame of the thread
            report(error)

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()
    if failures:
        raise failures[0]
