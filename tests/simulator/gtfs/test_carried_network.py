"""An exported feed is the network that it was, until somebody edits a table."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from services.feeds.gtfs_static.feed_zip import write_feed
from simulator.gtfs.carried.carried_network import CARRIED, read_carried_network
from simulator.load_network import load_network
from simulator.network import Headway
from simulator.types import DayType
from tests.gtfs_feeds import feed, zipped
from tests.networks import line, network, street

HOURLY = (Headway(6 * 3600, 9 * 3600, 3600),)
CITY = network(
    line("L1", street(4), headways=HOURLY),
    line("L2", street(4, first=10, row=1), first_bus=9, headways=HOURLY),
)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("feed") / "city.zip"
    write_feed(path, CITY)
    return path


def rewritten(feed: Path, target: Path, edit: Callable[[dict[str, bytes]], object]) -> Path:
    """A copy of a feed with some files edited."""
    with zipfile.ZipFile(feed) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    edit(files)
    return zipped(target, files)


def test_an_exported_feed_carries_its_network_under_the_name_of_the_zip(exported: Path) -> None:
    carried = read_carried_network(exported)
    assert carried is not None
    assert carried.network == CITY
    assert load_network(exported).digest == CITY.digest
    assert load_network(exported).name == "city"


def test_it_may_be_zipped_again_in_a_folder(exported: Path, tmp_path: Path) -> None:
    def into_folder(files: dict[str, bytes]) -> None:
        for name in list(files):
            files[f"feed/{name}"] = files.pop(name)

    carried = read_carried_network(rewritten(exported, tmp_path / "again.zip", into_folder))
    assert carried is not None
    assert carried.network == CITY


def of_version(version: int) -> bytes:
    return json.dumps({"format": "bus-simulator-gtfs", "version": version}).encode()


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda files: files.update({"stops.txt": files["stops.txt"] + b"\n"}), "stops.txt changed since"),
        (lambda files: files.pop("feed_info.txt"), "feed_info.txt changed since"),
        (lambda files: files.update({"pathways.txt": b""}), None),
        (lambda files: files.update({"attributions.txt": b""}), None),
        (lambda files: files.update({CARRIED: b"{}"}), f"its {CARRIED} is damaged"),
        (lambda files: files.update({CARRIED: b"[" * 100_000}), f"its {CARRIED} is damaged"),
        (lambda files: files.update({CARRIED: of_version(2)}), f"its {CARRIED} has another version than 1"),
        (lambda files: files.update({CARRIED: of_version(1)}), f"its {CARRIED} is damaged"),
        (
            lambda files: files.update({CARRIED: files[CARRIED].replace(b'"capacity":60', b'"capacity":61')}),
            f"its {CARRIED} is damaged",
        ),
    ],
)
def test_a_feed_that_was_edited_is_imported_as_any_other(
    exported: Path, tmp_path: Path, edit: Callable[[dict[str, bytes]], object], reason: str | None
) -> None:
    path = rewritten(exported, tmp_path / "edited.zip", edit)
    carried = read_carried_network(path)
    assert carried is not None
    assert carried.reason == (reason or "")
    assert (carried.network is None) == (reason is not None)


def test_an_edited_feed_loads_with_its_own_trips_and_assumed_buses(exported: Path, tmp_path: Path) -> None:
    path = rewritten(exported, tmp_path / "edited.zip", lambda files: files.pop("feed_info.txt"))
    loaded = load_network(path)
    assert {len(line.services[DayType.WEEKDAY].departures) for line in loaded.lines} == {8}
    assert {bus.capacity for line in loaded.lines for bus in line.buses} == {90}


def test_other_feeds_carry_none(tmp_path: Path) -> None:
    assert read_carried_network(zipped(tmp_path / "other.zip", feed())) is None
