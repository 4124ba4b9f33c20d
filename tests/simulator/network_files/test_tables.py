"""Problems of the tables in a network folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.gtfs.folder import write_folder
from simulator.gtfs.importer import import_feed
from simulator.network_files.loader import NetworkFileError, load_network
from tests.gtfs_feeds import feed, zipped


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A network of three lines."""
    made = tmp_path / "network"
    made.mkdir()
    write_folder(import_feed(zipped(tmp_path / "feed.zip", feed())), made)
    return made


def problems(folder: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(NetworkFileError) as caught:
        load_network(folder)
    return [(Path(p.file).name, p.line, p.message) for p in caught.value.problems]


def changed(path: Path, line: int, text: str | None) -> None:
    """Replace or remove a line (counted from 1) of a file."""
    lines = path.read_text().splitlines()
    lines[line - 1 : line] = [] if text is None else [text]
    path.write_text("\n".join([*lines, ""]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("27,weekday,6:00,27-0,1,", "`time` must be a time"),
        ("27,monday,06:00:00,27-0,1,", "`day_type` must be one of weekday, saturday, sunday"),
        ("28,weekday,06:00:00,27-0,1,", "line 28 isn't in network.yaml"),
        ("27,weekday,06:00:00,C-9-0,1,", "line 27 has no pattern C-9-0"),
        ("27,weekday,06:00:00,27-0,first,", "`timing` must be the number of a stop or timing"),
        ("27,weekday,06:00:00", "has 3 fields, the header 6"),
    ],
)
def test_a_wrong_departure_is_reported_with_its_line(text: str, words: str, folder: Path) -> None:
    changed(folder / "timetable.csv", 3, text)
    [(file, line, message)] = problems(folder)
    assert (file, line) == ("timetable.csv", 3)
    assert words in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("27-0,40.41,-370,2", "`longitude` must be a number"),
        ("27-9,40.41,-3.704,2", "pattern 27-9 isn't in network.yaml"),
        ("27-0,40.41,-3.704,second", "`stop` must be the number of a stop"),
    ],
)
def test_a_wrong_shape_point_is_reported_with_its_line(text: str, words: str, folder: Path) -> None:
    changed(folder / "shapes.csv", 3, text)
    found = problems(folder)
    assert [(file, line) for file, line, message in found if words in message] == [("shapes.csv", 3)]


def test_a_shape_without_one_of_the_stops_is_a_problem_of_the_pattern(folder: Path) -> None:
    changed(folder / "shapes.csv", 3, None)
    [(file, _, message)] = problems(folder)
    assert file == "network.yaml"
    assert "pattern 27-0: its shape in shapes.csv has 7 of the pattern's 8 stops" in message


def test_hours_and_a_timetable_together_are_refused(folder: Path) -> None:
    text = (folder / "network.yaml").read_text()
    (folder / "network.yaml").write_text(
        text.replace('  - line_id: "27"', '  - line_id: "27"\n    hours: "06:00-23:00"')
    )
    [(file, _, message)] = problems(folder)
    assert (file, "`hours` and departures in timetable.csv" in message) == ("network.yaml", True)


def test_mistakes_in_all_three_files_are_reported_at_once(folder: Path) -> None:
    changed(folder / "timetable.csv", 2, "27,weekday,x,27-0")
    changed(folder / "shapes.csv", 2, "27-0,x,-3.704,1")
    text = (folder / "network.yaml").read_text()
    (folder / "network.yaml").write_text(text.replace("capacity: 90", "capacity: 0", 1))
    assert [file for file, _, _ in problems(folder)] == ["network.yaml", "shapes.csv", "timetable.csv"]


def test_without_tables_a_folder_is_its_network_file(folder: Path) -> None:
    (folder / "timetable.csv").unlink()
    (folder / "shapes.csv").unlink()
    line = load_network(folder).line["27"]
    assert not any(service.departures for service in line.services.values())
    assert len(line.patterns[0].shape) == len(line.patterns[0].stops)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("27-0,1,75 80 fast,", "`runs_s` must be seconds such as"),
        ("27-9,1,75 80,", "pattern 27-9 isn't in network.yaml"),
        ("27-0,4,75 75 75 75 75 75 75,", "the timings of pattern 27-0 must be numbered 1, 2, … in order"),
    ],
)
def test_a_wrong_timing_is_reported_with_its_line(text: str, words: str, folder: Path) -> None:
    changed(folder / "timings.csv", 2, text)
    found = [(file, line) for file, line, message in problems(folder) if words in message]
    assert found == [("timings.csv", 2)]


def test_a_timing_with_too_few_hops_is_a_problem_of_its_pattern(folder: Path) -> None:
    changed(folder / "timings.csv", 2, "27-0,1,75 80,")
    found = problems(folder)
    assert ("network.yaml", True) in [
        (file, "must have 7 running times" in message) for file, _, message in found
    ]


def test_a_departure_with_an_unknown_timing_is_a_problem_of_its_line(folder: Path) -> None:
    changed(folder / "timetable.csv", 3, "27,weekday,06:00:00,27-0,99,")
    [(file, _, message)] = problems(folder)
    assert file == "network.yaml"
    assert "timing 99 of pattern 27-0 isn't in timings.csv" in message
