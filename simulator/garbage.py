"""Pauses of Python's search for reference cycles, for work that makes many objects of which most stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collections() -> Iterator[None]:
    """Pause the search for reference cycles, as a context or a decorator.

    A network is some 500,000 objects, all of which stay. Looking through them again and again as their number
    grows takes a quarter of the time of loading it.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
