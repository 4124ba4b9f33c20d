"""The backends that the suite runs over, and what each of them can't do.

A backend joins with one entry in BACKENDS. A gap is data: the test's name, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storage.duckdb_store import DuckDBStore
from storage.store import Store
from tests.storage.conformance.model import ModelStore


@dataclass(frozen=True, slots=True)
class Gap:
    """A test that a backend fails, strictly: when it begins to pass, the gap has to go."""

    reason: str


def never(reason: str) -> Gap:
    """The backend can't do this by its nature."""
    return Gap(f"never: {reason}")


def notyet(reason: str) -> Gap:
    """The backend doesn't do this yet."""
    return Gap(f"not yet: {reason}")


@dataclass(frozen=True, slots=True)
class Backend:
    """How to open a store in a directory, and the gaps by test name."""

    name: str
    store: type
    open: Callable[[Path], Store]
    gaps: Mapping[str, Gap] = field(default_factory=dict)


BACKENDS = (
    Backend(
        "model",
        ModelStore,
        lambda _: ModelStore(),
        gaps={
            "test_data_outlives_the_store_object": never("it is kept in memory"),
            "test_after_reopening_a_bus_that_fell_silent_is_still_of_its_line": never("it is kept in memory"),
        },
    ),
    Backend("duckdb", DuckDBStore, lambda directory: DuckDBStore(directory / "bus.duckdb")),
)
