"""The text that describes how two runs differ."""

from __future__ import annotations

import pytest

from storage.runs import differences
from storage.store import Run

WORDS = {"e" * 64: "the scenario strike", "f" * 64: "the scenario rain"}
HELD = Run(1, "a" * 64, "", "2")


@pytest.mark.parametrize(
    ("held", "run", "words"),
    [
        (HELD, Run(2, "a" * 64, "", "2"), "seed 1 in the store, 2 in this run"),
        (
            HELD,
            Run(1, "b" * 64, "", "3"),
            "network aaaaaaaaaaaa in the store, bbbbbbbbbbbb in this run; "
            "model version 2 in the store, 3 in this run",
        ),
        (
            HELD,
            Run(1, "a" * 64, "e" * 64, "2"),
            "the store was written with no scenario, this run uses the scenario strike",
        ),
        (
            Run(1, "a" * 64, "e" * 64, "2"),
            HELD,
            "the store was written with the scenario strike, this run uses no scenario",
        ),
        (
            Run(1, "a" * 64, "e" * 64, "2"),
            Run(1, "a" * 64, "f" * 64, "2"),
            "the store was written with the scenario strike, this run uses the scenario rain",
        ),
    ],
    ids=["seed", "network and model", "new scenario", "no scenario any more", "another scenario"],
)
def test_differences_between_runs_are_named(held: Run, run: Run, words: str) -> None:
    assert differences(held, run, WORDS.__getitem__) == words


def test_a_scenario_without_a_known_name_is_named_by_its_digest() -> None:
    run = Run(1, "a" * 64, "e" * 64, "2")
    assert differences(HELD, run) == (
        "the store was written with no scenario, this run uses the scenario with digest eeeeeeeeeeee"
    )
