"""Feeds of the shipped network, of the scenarios and of real cities: validators and readers accept them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import gtfs_guru
import pytest

from services.cli import status_of
from services.feeds.gtfs_static.feed_zip import write_feed
from services.inputs.load import load_inputs
from services.inputs.scenario_library import shipped
from simulator.gtfs.carried.carried_folder import write_carried_network
from simulator.load_network import load_network
from simulator.network import Network
from tests.environment import environment, feeds_folder, soak
from tests.services.feeds.gtfs_static.read_counts import TABLES

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs/gtfs-export.md"
READERS = ROOT / "build/gtfs-readers/bin/python"
FEEDS = feeds_folder()

CITIES = (
    "broken/00-mini-valid-gtfs.zip",
    "emt-centro-gtfs.zip",
    *(["emt-madrid-gtfs.zip"] if soak() else []),
)
"""All of Madrid takes a minute."""


class Exported(NamedTuple):
    """A network, its feed, and the rows of the feed's tables."""

    network: Network
    feed: Path
    rows: Mapping[str, int]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Exported]:
    """The feeds of all scenarios' networks, which are few, and of the test feeds where they are known."""
    folder, found = tmp_path_factory.mktemp("feeds"), dict[str, Exported]()
    for name in (None, *shipped()):
        inputs = load_inputs(None, None, name)
        if inputs.network.digest not in found:
            feed = folder / f"{name}.zip"
            rows = write_feed(feed, inputs.network, inputs.scenario)
            found[inputs.network.digest] = Exported(inputs.network, feed, rows)
    assert len(found) == 2, "the shipped network, and that of match-day with its extra buses"
    for city in CITIES if FEEDS is not None else ():
        assert FEEDS is not None
        network, feed = load_network(FEEDS / city), folder / Path(city).name
        found[network.digest] = Exported(network, feed, write_feed(feed, network))
    return list(found.values())


def documented_notices() -> set[str]:
    """The codes that the page lists with their reasons."""
    return set(re.findall(r"^\| `(\w+)` \| INFO \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


def test_validators_find_no_error_no_warning_and_only_notices_that_are_documented(
    exports: list[Exported],
) -> None:
    for exported in exports:
        found = gtfs_guru.validate(str(exported.feed))
        assert (found.error_count, found.warning_count) == (0, 0)
        assert {notice.code for notice in found.notices} <= documented_notices()


def test_readers_find_all_rows(exports: list[Exported]) -> None:
    feeds = [exported.feed for exported in exports]
    done = subprocess.run(
        [READERS, Path(__file__).with_name("read_counts.py"), *feeds],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [{table: each.rows.get(f"{table}.txt", 0) for table in TABLES} for each in exports]
    expected = [{"partridge": of_feed, "gtfs_kit": of_feed} for of_feed in rows]
    assert list(map(json.loads, done.stdout.splitlines())) == expected


def test_feeds_come_back_as_zip_and_as_folder(exports: list[Exported], tmp_path: Path) -> None:
    for exported in exports:
        back = load_network(exported.feed)
        assert back.digest == exported.network.digest
        write_carried_network(back, exported.feed, tmp_path)
        assert load_network(tmp_path).digest == exported.network.digest


def test_the_commands_of_the_page_work_and_print_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("bus-simulator ")]
    commands = [line for line in dict.fromkeys(lines) if not line.startswith("bus-simulator run ")]
    assert len(commands) == 3
    for line in commands:
        assert status_of(line.split()[1:]) == 0, line
    shown = re.search(r"```plain\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    assert shown[1] in capsys.readouterr().out
    assert load_network(tmp_path / "city").digest == load_network(tmp_path / "city.zip").digest
