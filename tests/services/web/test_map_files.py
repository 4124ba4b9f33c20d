"""The map's files: complete, small enough, and what `make map` makes of the sources."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from services.web.static_files import MAP, PACKAGE
from tests.environment import environment

ROOT = Path(__file__).parents[3]
SERVED = {path: PACKAGE / name for path, name in MAP.items()}


def test_every_file_of_the_map_is_served_and_every_link_leads_to_one() -> None:
    assert set(SERVED.values()) == set((PACKAGE / "map").iterdir())
    page = SERVED["/"].read_text(encoding="utf-8")
    linked = re.findall(r'(?:href|src)="(?!data:)([^"]+)"', page)
    assert {f"/{target}" for target in linked} <= set(SERVED)
    assert not re.search(r"<style|<script>|\sstyle=|\son\w+=", page)


def test_the_page_takes_at_most_a_megabyte_and_a_half_over_the_wire() -> None:
    assert sum(len(gzip.compress(file.read_bytes(), 5)) for file in SERVED.values()) < 1_500_000


@pytest.mark.long
def test_the_map_is_what_its_sources_make(tmp_path: Path) -> None:
    assert shutil.which("npm"), "no npm: apt-get install nodejs npm"
    for command in (["make", "map/node_modules/.installed"], ["node", "map/build.mjs", str(tmp_path)]):
        subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_bytes() for file in (PACKAGE / "map").iterdir()}
