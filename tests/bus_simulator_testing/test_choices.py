"""The settings of a simulator become a command line of the program."""

from __future__ import annotations

import click
import pytest

from bus_simulator_testing.choices import MORNING, Choices
from services.cli import cli


def test_by_default_the_clock_is_paused_on_a_monday_morning() -> None:
    assert Choices().command() == ["run", "--at", MORNING, "--backfill", "0", "--control", "--paused"]


def test_a_scenario_brings_its_own_start_and_a_speed_lets_the_clock_run() -> None:
    assert Choices(scenario="strike", seed=2, speed="max").command() == [
        *("replay", "strike", "--seed", "2", "--speed", "max", "--backfill", "0", "--control")
    ]


@pytest.mark.parametrize(
    "choices", [Choices(), Choices(scenario="rain", at="2026-03-03", network="x", speed=2, backfill="0")]
)
def test_the_program_knows_every_option(choices: Choices) -> None:
    name, *arguments = choices.command()
    cli.commands[name].make_context(name, arguments, parent=click.Context(cli, **cli.context_settings))


def test_settings_override_the_defaults() -> None:
    defaults = Choices(seed=1, scenario="rain")
    assert Choices.of({"seed": 5}, defaults) == Choices(seed=5, scenario="rain")


def test_an_unknown_setting_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TypeError, match="no setting 'sped'; the settings are scenario, seed, speed"):
        Choices.of({"sped": 5}, Choices())
