"""What `make up` says where the kept data don't fit what it is to start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from services.commands.ops import refuse_another_scenario
from services.errors import InputError
from services.inputs.load import Inputs
from storage.arrow_schema import arrow_schema
from storage.schema import Stream
from storage.store import Run
from tests.fake_servers import free_port
from tests.process import command
from tests.services.fakes import NOW, network
from tests.storage.conformance.model import ModelStore

KEPT = Run(1, "n" * 64, "", "2")


@pytest.fixture
def store() -> ModelStore:
    """A store with an hour of the run `KEPT`."""
    found = ModelStore()
    nothing = arrow_schema(Stream.BUS_POSITION).empty_table()
    found.write(Stream.BUS_POSITION, nothing, covers=(NOW - timedelta(hours=1), NOW), run=KEPT)
    return found


def inputs(run: Run) -> Inputs:
    return Inputs(network(), run.seed, run)


@pytest.mark.parametrize("run", [Run(1, "n" * 64, "s" * 64, "2"), Run(9, "n" * 64, "", "2")])
def test_kept_data_of_another_scenario_or_seed_are_refused_with_both_remedies(
    run: Run, store: ModelStore
) -> None:
    with pytest.raises(InputError, match=r'start the parts with what they had.*make down ARGS="--forget"'):
        refuse_another_scenario(store, inputs(run))


@pytest.mark.parametrize("run", [KEPT, Run(1, "m" * 64, "", "2")])
def test_the_same_run_and_another_network_continue(run: Run, store: ModelStore) -> None:
    refuse_another_scenario(store, inputs(run))


def test_an_empty_store_takes_every_scenario() -> None:
    refuse_another_scenario(ModelStore(), inputs(Run(9, "n" * 64, "s" * 64, "2")))


def test_history_for_a_database_that_never_answers_is_given_up(tmp_path: Path) -> None:
    place = f"postgresql://127.0.0.1:{free_port()}/postgres"
    done = command(tmp_path, "ops", "seed", "--store", place, "--history", "1h", "--patience", "1s")
    assert (done.code, "onnection refused" in done.err.splitlines()[-1]) == (1, True), done.err
