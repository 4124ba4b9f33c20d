"""What generators make of the OpenAPI document: the clients' is up to date, others' compiles."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.client_document import document
from scripts.write_clients import NODE_TOOLS, TOOLS, outdated
from tests.environment import environment

pytestmark = pytest.mark.long

with_node = pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm")
TYPESCRIPT = ("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess")


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the document."""
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    path.write_text(json.dumps(document()), encoding="utf-8")
    return path


def run(*command: str | Path) -> str:
    """The output of a program."""
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@with_node
def test_the_clients_models_and_types_are_up_to_date(description: Path) -> None:
    assert outdated(description, write=False) == [], "make clients writes them"


def test_a_client_by_openapi_python_client_is_complete_and_compiles(
    description: Path, tmp_path: Path
) -> None:
    client, config = tmp_path / "client", tmp_path / "config.json"
    # Its hooks format by ruff, whose newest version also makes `*args: Any` an `object` that doesn't fit.
    config.write_text('{"post_hooks": []}')
    options = ("--path", description, "--output-path", client, "--config", config, "--meta", "none")
    said = run(TOOLS / "openapi-python-client", "generate", *options)
    assert "Warning" not in said
    methods = [operation for path in read(description)["paths"].values() for operation in path.values()]
    modules = [file for file in (client / "api").rglob("*.py") if file.name != "__init__.py"]
    assert len(modules) == len(methods)
    run(TOOLS / "mypy", "--strict", "--cache-dir", tmp_path / "cache", client)


def read(description: Path) -> dict[str, dict[str, dict[str, object]]]:
    found: dict[str, dict[str, dict[str, object]]] = json.loads(description.read_text(encoding="utf-8"))
    return found


def test_models_by_datamodel_code_generator_compile(description: Path, tmp_path: Path) -> None:
    models = tmp_path / "models.py"
    options = (
        "--input-file-type",
        "openapi",
        "--output-model-type",
        "pydantic_v2.BaseModel",
        "--formatters",
        "builtin",
    )
    run(TOOLS / "datamodel-codegen", "--input", description, "--output", models, *options)
    run(TOOLS / "mypy", "--strict", "--cache-dir", tmp_path / "cache", models)


@with_node
def test_types_by_openapi_typescript_compile(description: Path, tmp_path: Path) -> None:
    types = tmp_path / "schema.ts"
    run(NODE_TOOLS / "openapi-typescript", description, "-o", types)
    run(NODE_TOOLS / "tsc", *TYPESCRIPT, types)
