"""Store URLs, and the packages that storage modules import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage.duckdb_store import DuckDBStore
from storage.open import open_store

LIGHT = (
    *("schema", "store", "errors", "coverage", "runs", "instants", "cursor", "open"),
    *("aws_clients", "timestream_store"),
)


@pytest.mark.parametrize("relative", [False, True])
def test_a_file_is_created_with_its_parent_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("var/deep/bus.duckdb")
    store = open_store(f"duckdb:{path if relative else tmp_path / path}")
    store.close()
    assert isinstance(store, DuckDBStore)
    assert (tmp_path / path).is_file()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "expected duckdb:PATH"),
        ("bus.duckdb", "expected duckdb:PATH"),
        ("duckdb:", "names no file"),
        ("duckdb: ", "names no file"),
        ("duckdb::memory:", "names no file"),
        ("sqlite:bus.db", "unknown store 'sqlite', expected duckdb:PATH, postgresql:.* or timestream:"),
        ("timestream://bus_simulator", "names no database: expected .*timestream://DATABASE"),
        ("timestream://bus_simulator?region=", "names no database"),
        ("timestream://bus_simulator?region=eu-west-1&zone=a", "names no database"),
        ("timestream://bus simulator?region=eu-west-1", "names no database"),
        ("timestream:bus_simulator?region=eu-west-1", "names no database"),
        ("timestream://bus_simulator/x?region=eu-west-1", "names no database"),
    ],
)
def test_an_invalid_store_url_is_refused_with_the_reason(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_store(url)


@pytest.mark.parametrize("module", LIGHT)
def test_modules_that_lambda_imports_load_no_heavy_package(module: str) -> None:
    heavy = "{'numpy', 'pyarrow', 'duckdb', 'simpy', 'simulator', 'services'}"
    code = f"import sys, storage.{module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
