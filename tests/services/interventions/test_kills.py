"""kill -9 at any moment around an intervention: neither it nor a record is lost, no half tick stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from storage.duckdb_store import DuckDBStore
from storage.postgres.store import PostgresStore
from storage.schema import Stream
from storage.store import Store
from tests import postgres_server
from tests.services.fakes import MINUTE, NOW
from tests.services.killed_city import ACKNOWLEDGED, KILLED, lived
from tests.services.moved_city import HOUR_OF_NOW
from tests.services.steered_city import check_bytes, steered

pytestmark = [pytest.mark.integration, pytest.mark.long]

APART = 5 * MINUTE
"""Simulated time between the starts of two processes."""


def duckdb_in(folder: Path) -> Store:
    return DuckDBStore(folder / "killed.duckdb")


def postgres_at(url: str, _folder: Path) -> Store:
    return PostgresStore(url)


MOMENTS = {"duckdb": [0, 1, 2, 3, 5, 8, 11, 16, 19, 20, 22, 27], "postgres": [1, 2, 4, 9, 13, 20, 21, 30]}
"""Of a life's 38: 0 to 6 make the intervention, 7 to 18 write ticks, 19 to 25 end it, the others write."""


@pytest.mark.parametrize("store", MOMENTS)
def test_a_city_killed_around_interventions_loses_nothing(store: str, tmp_path: Path) -> None:
    """Each process goes on where the one before was killed; moments are those of `killed_city.live`."""
    opener = duckdb_in if store == "duckdb" else partial(postgres_at, postgres_server.url_of(tmp_path))
    for life, moment in enumerate(MOMENTS[store]):
        assert lived(tmp_path, opener, NOW + life * APART, moment) == KILLED, moment
        check_whole_ticks(opener, tmp_path)
    with steered(tmp_path, start=NOW + len(MOMENTS[store]) * APART, opened=opener(tmp_path)) as city:
        city.settle()
        city.wall.wait_until(lambda: all(starts_of(city.store, stream) == [HOUR_OF_NOW] for stream in Stream))
        check_bytes(city.store)
        entries = city.store.journal()
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        check_acknowledged([json.loads(entry.text) for entry in entries], tmp_path)


def starts_of(store: Store, stream: Stream) -> list[datetime]:
    return [held.start for held in store.coverage(stream)]


def check_whole_ticks(opener: Callable[[Path], Store], folder: Path) -> None:
    """Check that no record is stored beyond what the coverage says, as half a tick would be."""
    with closing(opener(folder)) as store:
        for stream in Stream:
            found = sum(
                len(table)
                for held in store.coverage(stream)
                for table in store.scan(stream, start=held.start, end=held.end)
            )
            assert store.rows(stream) == found > 0, stream


def check_acknowledged(kept: list[dict[str, Any]], folder: Path) -> None:
    """Check that everything that was answered is kept; an end may be kept and not answered."""
    file = folder / ACKNOWLEDGED
    answered = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert answered, "every process was killed before it answered"
    by_id = {each["id"]: each for each in answered}  # the last answer counts
    for number, last in by_id.items():
        (found,) = (each for each in kept if each["id"] == number)
        assert found == last or found["ends"] < last["ends"]
