"""The backends that the suite runs over, and what each of them can't do.

A backend joins with one entry in BACKENDS. A gap is data: the test's name, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storage.duckdb_store import DuckDBStore
from storage.store import Store
from storage.timestream_store import TimestreamStore
from tests.storage.conformance.model import ModelStore
from tests.timestream_aws import AwsDatabases
from tests.timestream_endpoint import open_shared


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
class Unsuited:
    """A test that can't be run over a backend, whatever it can do."""

    reason: str


@dataclass(frozen=True, slots=True)
class Backend:
    """How to open a store in a directory, and what tests have to know of it.

    `gaps` by test name; whether it `deletes` records; how many `examples` random tests take.
    """

    name: str
    store: type
    open: Callable[[Path], Store]
    gaps: Mapping[str, Gap | Unsuited] = field(default_factory=dict)
    deletes: bool = True
    examples: int = 15
    marks: Sequence[pytest.MarkDecorator] = ()


NO_DELETE = {"test_older_records_go": never("Timestream has no delete: its retention takes them")}
OTHER_DAYS = Unsuited(
    "its records are of other days: AWS takes none of the future, and shows old ones hours later"
)
AWS = AwsDatabases()

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
    Backend(
        "timestream",
        TimestreamStore,
        open_shared,
        gaps=NO_DELETE,
        deletes=False,
        examples=5,
        marks=(pytest.mark.integration,),
    ),
)
AT_AWS = (
    Backend(
        "aws",
        TimestreamStore,
        AWS.open,
        gaps=NO_DELETE
        | {
            "test_an_entity_that_is_silent_for_days_is_found": OTHER_DAYS,
            "test_both_hours_of_the_clock_change_are_told_apart": OTHER_DAYS,
        },
        deletes=False,
        examples=1,
        marks=(pytest.mark.aws,),
    ),
)
