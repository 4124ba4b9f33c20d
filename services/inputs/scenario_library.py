"""Scenario files by name or path: the ones shipped with the program, and the user's own."""

from __future__ import annotations

import difflib
from pathlib import Path

from services.errors import InputError
from services.settings import shipped_scenarios

SUFFIX = ".yaml"


def shipped() -> dict[str, Path]:
    """Return the files of the shipped scenarios by name, sorted."""
    return {path.stem: path for path in sorted(shipped_scenarios().glob(f"*{SUFFIX}"))}


def find_scenario(text: str) -> Path:
    """Return the file of a shipped scenario, or the file at a path. Raises `InputError` if there is none."""
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


def is_scenario(path: Path) -> bool:
    """Whether a file looks like a scenario rather than a network; False if it can't be read as either."""
    from simulator.files.problems import InputFileError
    from simulator.files.yaml_document import read_document
    from simulator.network_files.schema import NetworkEntry
    from simulator.scenario_files.schema import ScenarioEntry

    try:
        fields = set(read_document(path).data)
    except (InputFileError, TypeError):
        return False
    return not fields & NetworkEntry.model_fields.keys() and bool(fields & ScenarioEntry.model_fields.keys())
