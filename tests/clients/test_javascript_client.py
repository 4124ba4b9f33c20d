"""The JavaScript client: built from its lock file, tested by Node's test runner against a served city."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.served import GROUP, KEY, served_city, served_lines
from tests.environment import environment

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm"),
]

FOLDER = Path(__file__).parents[2] / "clients" / "javascript"
MOST_BYTES = 10_000


def npm(*arguments: str, **variables: str) -> str:
    """The output of npm in the client's folder, whose packages `make test-long` installs."""
    done = subprocess.run(
        ["npm", *arguments],
        cwd=FOLDER,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_compiles_under_strict_settings_is_small_and_passes_its_tests(tmp_path: Path) -> None:
    npm("run", "build")
    assert (FOLDER / "dist" / "bus-simulator-client.min.js").stat().st_size <= MOST_BYTES
    with served_city(tmp_path) as city, served_lines(60) as many:
        urls = {"CITY_URL": city.url, "MANY_LINES_URL": many.url}
        report = npm("test", **urls, API_KEY=KEY, GROUP_NAME=GROUP)
    assert "# fail 0" in report
    assert "# skipped 0" in report


def test_the_lock_file_names_no_registry_and_pins_by_hash() -> None:
    packages = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    pinned = [name for name in packages if name]
    assert len(pinned) > 20
    assert all("integrity" in packages[name] and "resolved" not in packages[name] for name in pinned)
