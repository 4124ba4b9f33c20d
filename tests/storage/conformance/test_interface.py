"""Backends have the methods of the protocol, and gaps name existing tests."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

from storage.store import Reader, Store
from tests.case_table import each_case
from tests.storage.conformance.backends import AT_AWS, BACKENDS, Backend

METHODS = [
    name
    for protocol in (Reader, Store)
    for name, value in vars(protocol).items()
    if inspect.isfunction(value) and name[0] != "_"
]


def test_the_protocol_has_the_methods_for_reading_and_writing() -> None:
    assert {"latest", "latest_of_line", "at", "range", "write", "scan", "coverage"} <= set(METHODS)


@each_case("method", METHODS)
def test_method_signatures_equal_those_of_the_protocol(backend: Backend, method: str) -> None:
    assert inspect.signature(getattr(backend.store, method)) == inspect.signature(getattr(Store, method))


def test_every_gap_names_a_test_of_this_folder() -> None:
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in Path(__file__).parent.glob("test_*.py")]
    tests = {node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert {gap for backend in (*BACKENDS, *AT_AWS) for gap in backend.gaps} <= tests
