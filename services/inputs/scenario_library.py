"""Scenarios by name or path: those that come with the program, and those of one's own."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from services.inputs.load import InputError
from services.settings import default_network, shipped_scenarios

if TYPE_CHECKING:
    from simulator.network import Network
    from simulator.scenario import Scenario

SUFFIX = ".yaml"


def shipped() -> dict[str, Path]:
    """The scenarios that come with the program: the file of each name, sorted."""
    return {path.stem: path for path in sorted(shipped_scenarios().glob(f"*{SUFFIX}"))}


def find_scenario(text: str) -> Path:
    """The file of a shipped scenario's name, or of a path. Raises `InputError` where there is none."""
    files = shipped()
    if text in files:
        return files[text]
    path = Path(text).expanduser()
    if path.is_file():
        return path
    if path.suffix in (SUFFIX, ".yml") or path.name != text:
        raise InputError(f"{text}: no file here; write a path, or one of {', '.join(files)}")
    near = difflib.get_close_matches(text, files, n=1)
    hint = f"did you mean {near[0]}? There are" if near else "write a path, or one of"
    raise InputError(f"there is no scenario '{text}'; {hint} {', '.join(files)}")


def load(text: str, network: Path | None = None) -> tuple[Scenario, Network]:
    """A scenario by name or path, and the network that it is for (without the scenario's extra buses).

    `network` is used instead of the one that the file names, or of the default one. Raises `InputError`,
    which lists everything that is wrong with either file.
    """
    from simulator.files.problems import InputFileError
    from simulator.load_network import load_network
    from simulator.scenario_files.loader import load_scenario

    loaded: list[Network] = []

    def network_of(named: Path | None) -> Network:
        loaded.append(load_network(network or named or default_network()))
        return loaded[0]

    try:
        return load_scenario(find_scenario(text), network_of), loaded[0]
    except InputFileError as error:
        raise InputError(str(error)) from error


def is_scenario(path: Path) -> bool:
    """Whether a file looks like a scenario, not like a network; False where it can't be read as either."""
    from simulator.files.problems import InputFileError
    from simulator.files.yaml_document import read_document
    from simulator.network_files.schema import NetworkEntry
    from simulator.scenario_files.schema import ScenarioEntry

    try:
        fields = set(read_document(path).data)
    except (InputFileError, TypeError):
        return False
    return not fields & NetworkEntry.model_fields.keys() and bool(fields & ScenarioEntry.model_fields.keys())
