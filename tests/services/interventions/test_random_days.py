"""Random interventions, over each store and through the parts: the exported scenario replays exactly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.errors import Conflict, NotFound
from services.interventions.control import InvalidDisruption
from services.interventions.stored_journal import base_scenario, stored_journal
from simulator.scenario_files.loader import load_scenario
from storage.duckdb_store import DuckDBStore
from storage.store import Store
from tests import postgres_server, timestream_endpoint
from tests.interventions import disruptions
from tests.moto_aws import account
from tests.services.fakes import MINUTE, SECOND
from tests.services.steered_city import INPUTS, NETWORK, Steered, check_equal, steered
from tests.services.steered_parts import SteeredParts, steered_parts

pytestmark = [pytest.mark.integration, pytest.mark.long]

PAUSES = (40 * SECOND, 6 * MINUTE, 17 * MINUTE)
MOST = 3
"""Interventions that are tried on a day."""


@pytest.mark.parametrize(
    ("store", "days"), [("duckdb", 3), ("timestream", 2), ("postgres", 2), ("parts", 2), ("parts, S3", 2)]
)
def test_the_exported_scenario_of_a_disturbed_day_replays_to_the_same_bytes(
    store: str, days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in timestream_endpoint.KEYS.items():
        monkeypatch.setenv(name, value)
    made: list[int] = []

    @settings(
        max_examples=days,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def disturbed_day(data: st.DataObject) -> None:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        with city_over(store, folder) as city:
            made.append(disturb(city, folder, data))

    disturbed_day()
    assert len(made) == days
    assert sum(made) >= days, "hardly any intervention was possible"


@contextmanager
def city_over(store: str, folder: Path) -> Iterator[Steered | SteeredParts]:
    """A city in one process over a store, or in the parts, with the journal in the store or in S3."""
    with ExitStack() as stack:
        if store == "parts":
            yield stack.enter_context(steered_parts(folder))
        elif store == "parts, S3":
            moto = stack.enter_context(account())
            stack.enter_context(pytest.MonkeyPatch.context()).setenv("AWS_ENDPOINT_URL", moto.url)
            moto.make_bucket("config")
            yield stack.enter_context(steered_parts(folder, "s3://config/journal.json"))
        else:
            yield stack.enter_context(steered(folder, opened=new_store(store, folder)))


def new_store(name: str, folder: Path) -> Store:
    if name == "duckdb":
        return DuckDBStore(folder / "steered.duckdb")
    open_shared = timestream_endpoint.open_shared if name == "timestream" else postgres_server.open_shared
    return open_shared(folder)


def disturb(city: Steered | SteeredParts, folder: Path, data: st.DataObject) -> int:
    """Disturb a city at random, and compare what was stored with the replay; the number of interventions."""
    for _ in range(MOST):
        city.wall.advance(data.draw(st.sampled_from(PAUSES)))
        city.settle()
        with suppress(InvalidDisruption, Conflict):
            city.interventions.intervene(data.draw(disruptions(NETWORK)))
    city.wall.advance(data.draw(st.sampled_from(PAUSES)))
    city.settle()
    with suppress(NotFound, Conflict):
        city.interventions.end(str(data.draw(st.integers(1, MOST))))
    city.wall.advance(17 * MINUTE)
    city.settle()
    journal = stored_journal(city.store)
    exported = folder / "day.yaml"
    exported.write_text(journal.as_scenario_yaml(base_scenario(INPUTS, journal)), encoding="utf-8")
    scenario = load_scenario(exported, lambda _named: NETWORK)
    with closing(replace(INPUTS, scenario=scenario).city(1)) as replayed:
        check_equal(city.store, replayed)
    return len(journal.interventions)
