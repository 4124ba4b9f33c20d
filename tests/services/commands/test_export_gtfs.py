"""`export-gtfs`, and what comes of its feeds when they are imported again."""

from __future__ import annotations

import errno
import zipfile
from pathlib import Path

import pytest

from services.cli import status_of
from services.commands import export_gtfs
from services.feeds.gtfs_static import feed_zip
from services.gtfs_trips.calendar import Span
from services.inputs.load import load_inputs, load_network
from simulator.network_files.writer import write_network
from tests.gtfs_feeds import feed, zipped
from tests.networks import line, network, street

HOURLY = """
lines:
  - line_id: L1
    name: "7 North - South"
    headway_min: 60
    stops:
      - {stop_id: S1, name: North, latitude: 40.42, longitude: -3.7, is_terminal: true, base_arrival_rate: 1}
      - {stop_id: S2, name: South, latitude: 40.41, longitude: -3.7, is_terminal: true, base_arrival_rate: 1}
    buses: [{bus_id: B1, capacity: 70, initial_position: 0.1}]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, with a network of one line."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "city.yaml").write_text(HOURLY, encoding="utf-8")
    return tmp_path


def test_a_hand_written_network_comes_back_as_a_zip_and_as_a_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = load_network(Path("city.yaml")).digest
    assert status_of(["export-gtfs", "--network", "city.yaml", "-o", "city.zip"]) == 0
    said = capsys.readouterr().out
    assert said == "city.zip: 1 route, 2 stops, 126 trips, 252 stop times, from 2020-01-01 to 2039-12-31.\n"
    assert load_network(Path("city.zip")).digest == digest
    assert status_of(["import-gtfs", "city.zip", "-o", "back"]) == 0
    assert f"the same network, digest {digest[:16]}…" in capsys.readouterr().out
    assert load_network(Path("back")).digest == digest
    assert "7 North - South" in (folder / "back/import-report.html").read_text(encoding="utf-8")


def test_an_imported_feed_comes_back_too(folder: Path) -> None:
    zipped(folder / "small.zip", feed())
    assert status_of(["import-gtfs", "small.zip", "-o", "once"]) == 0
    assert status_of(["export-gtfs", "--network", "once", "-o", "again.zip"]) == 0
    assert status_of(["import-gtfs", "again.zip", "-o", "twice"]) == 0
    digests = {load_network(Path(name)).digest for name in ("small.zip", "once", "again.zip", "twice")}
    assert len(digests) == 1


def test_options_and_edits_import_the_tables_instead(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(["export-gtfs", "--network", "city.yaml", "-o", "city.zip"]) == 0
    assert status_of(["import-gtfs", "city.zip", "-o", "small-buses", "--capacity", "20"]) == 0
    assert "but options select or assume something" in capsys.readouterr().out
    assert {bus.capacity for bus in load_network(Path("small-buses")).bus.values()} == {20}
    with zipfile.ZipFile("city.zip") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    zipped(folder / "edited.zip", files | {"stops.txt": files["stops.txt"].replace(b"North", b"Norte")})
    assert status_of(["import-gtfs", "edited.zip", "-o", "edited"]) == 0
    assert "exported by bus-simulator, but stops.txt changed since" in capsys.readouterr().out
    assert "Norte" in {stop.name for stop in load_network(Path("edited")).stops}


def test_a_scenarios_extra_buses_run_on_its_dates(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(["export-gtfs", "--scenario", "match-day", "-o", "match.zip"]) == 0
    inputs = load_inputs(None, None, "match-day")
    assert load_network(Path("match.zip")).digest == inputs.network.digest
    with zipfile.ZipFile("match.zip") as archive:
        dates = archive.read("calendar_dates.txt").decode()
        trips = archive.read("trips.txt").decode()
    assert "saturday-extra-buses,20260314,1\n" in dates
    assert "saturday-2,20260314,2\n" in dates
    assert trips.count("L1,saturday-extra-buses,") > trips.count("L1,saturday-2,")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--from", "2026-03-02", "--to", "2026-03-01", "-o", "x.zip"], 2, "is before --from 2026-03-02"),
        (["--from", "March", "-o", "x.zip"], 2, "'March' is not a date"),
        (["-o", "missing/x.zip"], 1, "missing: no such folder"),
        (["--network", "none.yaml", "-o", "x.zip"], 2, "none.yaml"),
        ([], 2, "Missing option '-o'"),
    ],
)
def test_what_cannot_be_written_is_said_and_leaves_nothing(
    arguments: list[str], status: int, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(["export-gtfs", *arguments]) == status
    assert words in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["city.yaml"]


def test_networks_of_several_time_zones_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    far = line("L2", street(4, row=1, first=9), first_bus=9)
    object.__setattr__(far, "timezone", "Asia/Tokyo")
    (folder / "two").mkdir()
    write_network(network(line("L1", street(4)), far), folder / "two")
    assert status_of(["export-gtfs", "--network", "two", "-o", "x.zip"]) == 2
    assert "a GTFS feed has one time zone, but this network has 2" in capsys.readouterr().err
    assert not Path("x.zip").exists()


def test_a_full_disk_leaves_the_old_file_and_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    (folder / "city.zip").write_text("the old one")
    monkeypatch.setattr(feed_zip, "carried_content", full)
    assert status_of(["export-gtfs", "--network", "city.yaml", "-o", "city.zip"]) == 1
    assert capsys.readouterr().err == "Error: city.zip: No space left on device\n"
    assert (folder / "city.zip").read_text() == "the old one"
    assert sorted(path.name for path in folder.iterdir()) == ["city.yaml", "city.zip"]


def test_the_options_show_the_calendars_usual_dates() -> None:
    assert f"{Span().first} {Span().last}" == f"{export_gtfs.FIRST} {export_gtfs.LAST}"
