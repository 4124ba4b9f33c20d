"""The hosted endpoint's health check: it answers, or its history is being written, for however long."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fake_servers import always, free_port, http_server

CHECK = Path(__file__).parents[2] / "terraform/modules/timestream-hosted/health.py"
LONG_AGO_S = 3600


def is_healthy(url: str, folder: Path) -> bool:
    """Run the check as a container does."""
    paths = [str(folder / name) for name in ("loading", "data.duckdb")]
    done = subprocess.run(
        [sys.executable, "-c", CHECK.read_text(), f"{url}/health", *paths], capture_output=True, check=False
    )
    return done.returncode == 0


def written(folder: Path, old: Sequence[str] = (), new: Sequence[str] = ()) -> None:
    """Write files, some of them an hour ago."""
    for name in (*old, *new):
        (folder / name).touch()
    for name in old:
        os.utime(folder / name, times=((folder / name).stat().st_mtime - LONG_AGO_S,) * 2)


def test_an_endpoint_that_answers_is_healthy_and_one_that_refuses_is_not(tmp_path: Path) -> None:
    with http_server(always(200, "{}")) as url:
        assert is_healthy(url, tmp_path)
    with http_server(always(503, "{}")) as url:
        assert not is_healthy(url, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "healthy"),
    [
        ((), ("loading",), True),
        (("loading", "data.duckdb"), ("data.duckdb.wal",), True),
        (("loading", "data.duckdb.wal"), ("data.duckdb",), True),
        (("loading", "data.duckdb", "data.duckdb.wal"), (), False),
        ((), ("data.duckdb",), False),
    ],
    ids=["begins", "goes on", "is merged", "hangs", "is done"],
)
def test_without_an_answer_it_is_healthy_while_history_is_written(
    old: Sequence[str], new: Sequence[str], healthy: bool, tmp_path: Path
) -> None:
    written(tmp_path, old, new)
    assert is_healthy(f"http://127.0.0.1:{free_port()}", tmp_path) is healthy
