"""The parts that run here are found with their addresses; what they keep goes together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from services.cli import status_of
from services.stack.local_parts import endpoints_in, find_local_parts, refresh_from_kept
from services.stack.store_part import StoreKind
from services.stack.supervisor_config import FOLDER, Ports, Stack, local_endpoints
from services.stack.supervisor_control import SupervisedParts
from tests.fake_programs import program


def test_the_environment_file_of_processes_is_read_back(tmp_path: Path) -> None:
    stack = Stack(tmp_path, tmp_path / "stack", Ports(), "key", tmp_path / "lines.yaml")
    stack.write()
    assert endpoints_in(stack.folder / "env") == stack.endpoints


def test_processes_over_postgresql_are_found_with_its_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(SupervisedParts, "is_up", True)
    for kind in get_args(StoreKind):
        stack = Stack(tmp_path, FOLDER, Ports(), "key", tmp_path / "lines.yaml", store=kind)
        stack.write()
        found = find_local_parts()
        assert found is not None
        assert found.api_url == "http://127.0.0.1:8080"
        assert found.store == (stack.store_part.store if kind == "postgres" else None)


@pytest.mark.parametrize("kind", get_args(StoreKind))
def test_containers_are_found_with_the_ports_that_docker_names(
    kind: StoreKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "compose.yaml").touch()
    places = "case $3 in api) echo 0.0.0.0:9080;; mcp-server) echo [::]:9081;; *) echo 127.0.0.1:9000;; esac"
    ids = f"case $4 in ''|{kind}) echo 12ab;; esac"
    program(tmp_path, "docker", f"case $2 in ps) {ids};; port) {places};; esac")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = find_local_parts()
    assert found is not None
    assert (found.kind, found.api_url, found.mcp_url) == (
        "containers",
        "http://127.0.0.1:9080",
        "http://127.0.0.1:9081",
    )
    assert found.endpoints == local_endpoints(Ports(9080, 9081, 9000, 9000, 9000), kind)
    pass_file = tmp_path / "var" / "stack" / "pgpass"
    in_postgres = f"postgresql://bus_simulator@127.0.0.1:9000/postgres?passfile={pass_file}"
    assert found.store == (in_postgres if kind == "postgres" else None)


def test_nothing_is_found_where_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_local_parts() is None


def test_the_key_that_the_parts_kept_is_in_the_file_before_a_start(tmp_path: Path) -> None:
    refresh_from_kept(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "kept").mkdir()
    secret = json.dumps({"api_key": "rotated", "keys": {"a": "b"}})
    (tmp_path / "kept" / "state.json").write_text(json.dumps({"secret": secret}))
    refresh_from_kept(tmp_path)
    assert (tmp_path / "api-key").read_text() == "rotated\n"


def test_forgetting_deletes_all_that_belongs_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "var" / "stack"
    (folder / "kept").mkdir(parents=True)
    for name in ("timestream.duckdb", "timestream.duckdb.wal", "api-key", "api.log", "kept/state.json"):
        (folder / name).touch()
    assert status_of(["ops", "down"]) == 0
    assert len(list(folder.rglob("*"))) == 6
    assert status_of(["ops", "down", "--forget"]) == 0
    assert [path.name for path in folder.iterdir()] == ["api.log"]
    assert capsys.readouterr().out.endswith("forgotten: data, network, keys, clock\n")
