"""The backends that the conformance suite tests, and the tests that each is expected to fail.

To add a backend, add an entry to `BACKENDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storage.duckdb_store import DuckDBStore
from storage.postgres.store import PostgresStore
from storage.store import Store
from storage.timestream_store import TimestreamStore
from tests.postgres_server import open_shared as open_postgres
from tests.storage.conformance.model import ModelStore
from tests.timestream_aws import AwsDatabases
from tests.timestream_endpoint import open_shared


@dataclass(frozen=True, slots=True)
class Gap:
    """Why a backend fails a test. A strict expected failure: the test must be removed here once it passes."""

    reason: str


def never(reason: str) -> Gap:
    """A gap that will stay, since the backend can't do this."""
    return Gap(f"never: {reason}")


def notyet(reason: str) -> Gap:
    """A gap to be closed later."""
    return Gap(f"not yet: {reason}")


@dataclass(frozen=True, slots=True)
class Unsuited:
    """Why a test can't be run with a backend, although the backend may meet it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Backend:
    """How to open a store of a backend for a directory, and how the tests treat it.

    `gaps` maps test names to why they fail or can't be run. `deletes` says whether `prune` deletes records,
    `examples` how many examples a random test runs.
    """

    name: str
    store: type
    open: Callable[[Path], Store]
    gaps: Mapping[str, Gap | Unsuited] = field(default_factory=dict)
    deletes: bool = True
    examples: int = 15
    marks: Sequence[pytest.MarkDecorator] = ()


NO_DELETE = {"test_older_records_are_deleted": never("Timestream can't delete records; its retention does")}
OTHER_DAYS = Unsuited(
    "its records lie in the future or long ago: AWS rejects the former, and returns the latter hours later"
)
AWS = AwsDatabases()

BACKENDS = (
    Backend(
        "model",
        ModelStore,
        lambda _: ModelStore(),
        gaps={
            "test_data_are_there_after_reopening": never("it is kept in memory"),
            "test_the_journal_is_there_after_reopening": never("it is kept in memory"),
            "test_a_bus_without_new_positions_is_still_on_its_line_after_reopening": never(
                "it is kept in memory"
            ),
        },
    ),
    Backend("duckdb", DuckDBStore, lambda directory: DuckDBStore(directory / "bus.duckdb")),
    Backend("postgres", PostgresStore, open_postgres, examples=5, marks=(pytest.mark.integration,)),
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
            "test_the_last_record_is_found_after_days_without_records": OTHER_DAYS,
            "test_both_hours_of_the_clock_change_are_distinguished": OTHER_DAYS,
        },
        deletes=False,
        examples=1,
        marks=(pytest.mark.aws,),
    ),
)
