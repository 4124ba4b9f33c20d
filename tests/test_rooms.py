"""The rooms of the program: imports go one way between modules, imports for types included.

`make lint` holds the layers of pyproject.toml over the imports that run; here they hold over all imports, and
no two modules import each other, however long the way round.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import grimp
import pytest

from tests.case_table import each_case

ROOT = Path(__file__).parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERED = {each["id"]: each for each in CONTRACTS if each["type"] == "layers" and "containers" in each}
PACKAGES = ("simulator", "storage", "services")
MOST_FILES = {"services.commands": 25, "services.timestream_local": 19, "storage": 44}
"""Rooms with more than 15 files: one file per command or kind of operation, flat by design."""


@cache
def graph() -> grimp.ImportGraph:
    """Every import of the program, those for types alone included."""
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)


def test_no_module_imports_itself_indirectly() -> None:
    imports = {module: graph().find_modules_directly_imported_by(module) for module in graph().modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' ← '.join(error.args[1])}")


@pytest.mark.parametrize("contract", LAYERED)
def test_each_room_imports_only_rooms_below_it(contract: str) -> None:
    layers = [layer(text) for text in LAYERED[contract]["layers"]]
    illegal = graph().find_illegal_dependencies_for_layers(
        layers, containers=set(LAYERED[contract]["containers"])
    )
    assert {(each.importer, each.imported) for each in illegal} == set()


def layer(text: str) -> grimp.Layer:
    """A layer as import-linter writes it: names apart by `|`, or by `:` where they may import each other."""
    names = [name.strip(" ()") for name in text.replace(":", "|").split("|")]
    return grimp.Layer(*names, independent=":" not in text)


@cache
def rooms() -> Mapping[str, list[Path]]:
    """The files of each room, its `__init__` left out."""
    found: dict[str, list[Path]] = {}
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            room = ".".join(file.parent.relative_to(ROOT).parts)
            found.setdefault(room, []).extend([file] if file.name != "__init__.py" else [])
    return found


@each_case("room", rooms())
def test_a_room_has_few_files(room: str) -> None:
    assert len(rooms()[room]) <= MOST_FILES.get(room, 15)


@each_case("room", rooms())
def test_a_room_describes_its_content_in_one_sentence(room: str) -> None:
    tree = ast.parse((ROOT / room.replace(".", "/") / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), room
    assert not list(code(tree)), f"{room} runs something when it is imported"


def code(tree: Any) -> Iterator[ast.stmt]:
    """A module's statements without its docstring."""
    yield from (node for node in tree.body if not isinstance(node, ast.Expr))
