"""Feeds as zips and as folders, with names in any case, and the time zones of their agencies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from services.cli import status_of
from services.feeds.gtfs_validator import notices_of
from simulator.files.findings import Severity
from simulator.files.problems import InputFileError
from simulator.gtfs.carried.carried_network import read_carried_network
from simulator.gtfs.importer import import_feed
from simulator.gtfs.reading import archive, unpacked
from simulator.load_network import is_feed, load_network
from tests.gtfs_feeds import zipped
from tests.simulator.gtfs.feed_builder import feed_of, hourly

FEED: Mapping[str, str] = feed_of(hourly())
Place = Callable[[Path, Mapping[str, str]], Path]


def as_zip(where: Path, files: Mapping[str, str]) -> Path:
    return zipped(where / "feed.zip", files)


def as_folder(where: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        path = where / "feed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return where / "feed"


def upper(name: str) -> str:
    return name.upper()


NAMES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": upper,
    "mixed case": str.title,
    "in a folder": lambda name: f"city/{name}",
    "upper case, deep": lambda name: f"some/city/{name.upper()}",
}


@pytest.mark.parametrize("place", [as_zip, as_folder])
@pytest.mark.parametrize("name", NAMES)
def test_a_feed_is_the_same_wherever_its_files_are(name: str, place: Place, tmp_path: Path) -> None:
    path = place(tmp_path, {NAMES[name](file): content for file, content in FEED.items()})
    made = import_feed(path)
    plain = import_feed(zipped(tmp_path / "plain.zip", FEED))
    assert made.network.digest == plain.network.digest
    assert load_network(path).digest == plain.network.digest
    codes = [found.code for found in made.details.findings if found.severity is Severity.NOTE]
    assert ("file-name" in codes) == ("case" in name)
    assert ("folder" in codes) == ("folder" in name or "deep" in name)


def test_backslashes_are_folders_of_a_zip(tmp_path: Path) -> None:
    made = import_feed(as_zip(tmp_path, {f"city\\{name}": content for name, content in FEED.items()}))
    assert len(made.lines) == 1


def test_messages_name_files_as_they_are_called(tmp_path: Path) -> None:
    files = {name.upper(): content for name, content in FEED.items()}
    path = as_folder(tmp_path, files | {"STOPS.TXT": "stop_id;stop_lat\n"})
    with pytest.raises(InputFileError, match=r"feed/STOPS\.TXT:1: has semicolons"):
        import_feed(path)


def test_a_name_in_lower_case_counts_before_others_and_two_others_are_refused(tmp_path: Path) -> None:
    made = import_feed(as_zip(tmp_path, {**FEED, "STOPS.TXT": "not read"}))
    assert any("aren't read: STOPS.TXT" in found.message for found in made.details.findings)
    rest = {name: content for name, content in FEED.items() if name != "stops.txt"}
    twice = {**rest, "STOPS.TXT": FEED["stops.txt"], "Stops.txt": FEED["stops.txt"]}
    with pytest.raises(InputFileError, match=r"`STOPS\.TXT` and `Stops\.txt`, which differ only in case"):
        import_feed(as_zip(tmp_path, twice))


@pytest.mark.parametrize("place", [as_zip, as_folder])
def test_what_is_missing_or_twice_is_said_of_a_folder_as_of_a_zip(place: Place, tmp_path: Path) -> None:
    rest = {name: content for name, content in FEED.items() if name != "stops.txt"}
    path = place(tmp_path, rest)
    with pytest.raises(InputFileError) as caught:
        import_feed(path)
    assert str(caught.value) == f"{path}/stops.txt:1: is missing: GTFS requires it"
    feeds = {f"{folder}/{name}": content for folder in "ab" for name, content in FEED.items()}
    with pytest.raises(InputFileError, match=r"feeds in several folders \(`a`, `b`\): keep one"):
        import_feed(place(tmp_path / "two" if place is as_folder else tmp_path, feeds))


def test_folders_without_a_feed_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match="a folder with no files isn't a GTFS feed"):
        import_feed(tmp_path / "empty")
    zipped(tmp_path / "zips.zip", FEED)
    with pytest.raises(InputFileError, match=r"has another zip in it, `zips\.zip`: give that one"):
        import_feed(tmp_path)
    monkeypatch.setattr(unpacked, "MOST_FILES", 4)
    monkeypatch.setattr(archive, "MAX_ENTRIES", 4)
    with pytest.raises(InputFileError, match="a folder with over 4 files"):
        import_feed(as_folder(tmp_path, FEED))


def test_a_network_folder_is_no_feed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = as_folder(tmp_path, FEED)
    city = tmp_path / "city"
    assert status_of(["import-gtfs", str(folder), "-o", str(city)]) == 0
    assert is_feed(folder)
    assert not is_feed(city)
    assert status_of(["import-gtfs", str(city), "-o", str(tmp_path / "other")]) == 2
    assert "is a network already" in capsys.readouterr().err
    assert status_of(["import-gtfs", str(folder), "-o", str(folder)]) == 2
    assert "is the feed itself: name another folder" in capsys.readouterr().err
    assert not (folder / "network.yaml").exists()


def test_an_exported_feed_carries_its_network_also_unpacked(tmp_path: Path) -> None:
    import zipfile

    exported, inside = tmp_path / "exported.zip", tmp_path / "unpacked"
    command = ["export-gtfs", "--network", str(as_zip(tmp_path, FEED)), "-o", str(exported)]
    assert status_of(command) == 0
    with zipfile.ZipFile(exported) as packed:
        packed.extractall(inside)
    carried, unpacked_one = read_carried_network(exported), read_carried_network(inside)
    assert carried is not None
    assert unpacked_one is not None
    assert carried.network is not None
    assert unpacked_one.network is not None
    assert unpacked_one.network.digest == carried.network.digest


def test_names_in_another_case_are_errors_for_other_readers(tmp_path: Path) -> None:
    notices = notices_of(as_zip(tmp_path, {name.upper(): content for name, content in FEED.items()}))
    found = {group.code: (group.severity.value, group.count) for group in notices.groups}
    assert found == {"missing_required_file": ("ERROR", 5), "unknown_file": ("INFO", 1)}


SECOND = "B,Other,https://example.org,{}\n"


@pytest.mark.parametrize(
    ("agency", "said"),
    [
        (
            FEED["agency.txt"] + SECOND.format("America/New_York"),
            "3: agency_timezone is America/New_York, but Europe/Madrid on line 2: GTFS requires one",
        ),
        (
            FEED["agency.txt"] + SECOND.format("Europe/Madrit"),
            "3: `agency_timezone` must be an IANA time zone",
        ),
    ],
)
def test_one_time_zone_counts_and_others_are_reported(agency: str, said: str, tmp_path: Path) -> None:
    path = as_zip(tmp_path, {**FEED, "agency.txt": agency})
    made = import_feed(path)
    [found] = [each for each in made.details.findings if each.severity is Severity.WARNING]
    assert str(found).startswith(f"{path}/agency.txt:{said}")
    assert {line.timezone for line in made.network.lines} == {"Europe/Madrid"}
    with pytest.raises(InputFileError, match="agency_timezone"):
        import_feed(path, strict=True)


def test_a_feed_without_a_time_zone_that_exists_is_refused_at_its_agency(tmp_path: Path) -> None:
    path = as_zip(tmp_path, {**FEED, "agency.txt": FEED["agency.txt"].replace("Madrid", "Madrit")})
    with pytest.raises(InputFileError) as caught:
        import_feed(path)
    said = '`agency_timezone` must be an IANA time zone such as Europe/Madrid, got "Europe/Madrit"'
    assert str(caught.value) == f"{path}/agency.txt:2: {said}"


@pytest.mark.parametrize("case", [str.upper, str.title])
def test_names_of_columns_may_be_in_any_case(case: Callable[[str], str], tmp_path: Path) -> None:
    files = {
        name: "\n".join([case(text.splitlines()[0]), *text.splitlines()[1:], ""])
        for name, text in FEED.items()
    }
    made = import_feed(as_zip(tmp_path, files))
    assert made.network.digest == import_feed(zipped(tmp_path / "plain.zip", FEED)).network.digest
    found = [each for each in made.details.findings if each.code == "column-name"]
    assert len(found) == len(FEED)
    assert {each.severity for each in found} == {Severity.NOTE}


def test_a_column_in_lower_case_counts_before_another(tmp_path: Path) -> None:
    lines = FEED["stops.txt"].splitlines()
    stops = "\n".join([f"{lines[0]},STOP_ID", *(f"{line},x" for line in lines[1:]), ""])
    assert len(import_feed(as_zip(tmp_path, {**FEED, "stops.txt": stops})).network.stops) == 3


def test_an_agency_without_a_time_zone_is_said_to_lack_it(tmp_path: Path) -> None:
    agency = FEED["agency.txt"].replace("Europe/Madrid", "")
    with pytest.raises(InputFileError, match=r"agency\.txt:2: `agency_timezone` is missing"):
        import_feed(as_zip(tmp_path, {**FEED, "agency.txt": agency}))
    made = import_feed(as_zip(tmp_path, {**FEED, "agency.txt": agency + SECOND.format("Europe/Madrid")}))
    [found] = [each for each in made.details.findings if each.severity is Severity.WARNING]
    assert found.message == "`agency_timezone` is missing: the row is left out"
