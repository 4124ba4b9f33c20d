"""A feed's notices: codes of the canonical validator, with file, line and count."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli import status_of
from services.feeds import gtfs_validator
from services.feeds.gtfs_notices import MOST_SAMPLES, NOT_FOR_US, Notices, Severity
from services.feeds.gtfs_validator import ValidationFailed, notices_of, validate_feed
from services.feeds.validation_report import as_json, report_lines
from simulator.files.problems import InputFileError
from simulator.load_network import is_feed
from tests.gtfs_feeds import Files, feed, text_of, with_line, zipped

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(files: Files, *, everything: bool = False) -> Notices:
    return notices_of(zipped(Path("feed.zip"), files), everything=everything)


def places(notices: Notices) -> list[tuple[str, str, int, str, int]]:
    """Severity, code, number, and the first place of each group."""
    return [
        (group.severity.value, group.code, group.count, group.samples[0].file, group.samples[0].line)
        for group in notices.groups
    ]


TIMES = text_of("stop_times").splitlines()
TRIP = TIMES[4].split(",")[0]
UNUSED_STOPS = ("WARNING", "stop_without_stop_time", 2, "stops.txt", 12)
"""What the validator finds in the sound feed of these tests."""
FREQUENCIES = (
    f"trip_id,start_time,end_time,headway_secs\n{TRIP},06:00:00,08:00:00,600\n{TRIP},07:00:00,09:00:00,600\n"
)
FAULTS: dict[str, tuple[Files, tuple[str, str, int, str, int]]] = {
    "a missing file": (feed(stops=None), ("ERROR", "missing_required_file", 1, "stops.txt", 0)),
    "no calendar": (
        feed(calendar=None, calendar_dates=None),
        ("ERROR", "missing_calendar_and_calendar_date_files", 1, "calendar.txt", 0),
    ),
    "an unknown stop": (
        with_line("stop_times", 4, TIMES[3].replace(",S3,", ",999999,")),
        ("ERROR", "foreign_key_violation", 1, "stop_times.txt", 4),
    ),
    "times that run backwards": (
        with_line("stop_times", 5, f"{TRIP},05:03:45,05:03:45,S4,40"),
        ("ERROR", "stop_time_with_arrival_before_previous_departure_time", 1, "stop_times.txt", 5),
    ),
    "a stop twice, below a blank line": (
        feed(stops=text_of("stops") + "\nS1,Again,40.41,-3.71\n"),
        ("ERROR", "duplicate_key", 1, "stops.txt", 15),
    ),
    "windows that overlap": (
        feed(frequencies=FREQUENCIES),
        ("ERROR", "overlapping_frequency", 1, "frequencies.txt", 3),
    ),
    "a line of spaces": (
        feed(stops=text_of("stops") + "   \n"),
        ("WARNING", "empty_row", 1, "stops.txt", 14),
    ),
    "a bus every seven seconds": (
        feed(frequencies="\n".join([*FREQUENCIES.replace(",600", ",7").splitlines()[:2], ""])),
        ("WARNING", "headway_under_a_minute", 1, "frequencies.txt", 2),
    ),
    "a stop far away": (
        with_line("stops", 4, "S3,Calle 3,41.41,-3.71"),
        ("WARNING", "fast_travel_between_consecutive_stops", 590, "stop_times.txt", 4),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_gets_the_canonical_code_with_file_line_and_count(fault: str) -> None:
    files, expected = FAULTS[fault]
    notices = found(files)
    assert expected in places(notices)
    errors = [group.code for group in notices.groups if group.severity is Severity.ERROR]
    assert errors == ([expected[1]] if expected[0] == "ERROR" else [])


def test_a_sound_feed_has_no_errors_and_extended_route_types_are_understood() -> None:
    notices = found(feed())
    assert places(notices) == [UNUSED_STOPS]
    assert notices.left_out > 0


def test_what_changes_nothing_is_left_out_unless_everything_is_wanted() -> None:
    header, *rows = text_of("routes").splitlines()
    coloured = "\n".join([f"{header},route_color", *(f"{row},red" for row in rows), ""])
    assert places(found(feed(routes=coloured))) == [UNUSED_STOPS]
    every = found(feed(routes=coloured), everything=True)
    assert {"invalid_color", "missing_recommended_file"} <= {group.code for group in every.groups}
    assert every.left_out == 0


def test_of_many_notices_the_first_are_samples() -> None:
    twice = text_of("stops") + "".join(f"S1,Again {number},40.41,-3.71\n" for number in range(20))
    group = found(feed(stops=twice)).groups[0]
    assert (group.code, group.count) == ("duplicate_key", 20)
    assert [sample.line for sample in group.samples] == [14 + number for number in range(MOST_SAMPLES)]


def test_every_code_that_is_left_out_is_one_of_the_validator() -> None:
    import gtfs_guru

    assert NOT_FOR_US.keys() <= set(gtfs_guru.notice_codes())


def test_a_folder_of_files_is_a_feed_and_a_network_folder_is_not(folder: Path) -> None:
    for name, content in feed(stops=None).items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert is_feed(folder)
    assert [group.code for group in notices_of(folder).groups] == ["missing_required_file"]
    (folder / "network.yaml").write_text("lines: []\n")
    assert not is_feed(folder)


def test_a_feed_in_a_folder_of_the_zip_is_an_error_and_validated_all_the_same() -> None:
    inside = {f"city/{name}": content for name, content in FAULTS["an unknown stop"][0].items()}
    assert places(found(inside))[:2] == [
        ("ERROR", "invalid_input_files_in_subfolder", 1, "", 0),
        ("ERROR", "foreign_key_violation", 1, "stop_times.txt", 4),
    ]


def test_the_command_lists_notices_with_file_and_line_and_exits_with_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    zipped(Path("feed.zip"), FAULTS["an unknown stop"][0])
    assert status_of(["validate", "feed.zip"]) == 2
    first, *_, totals, left_out = capsys.readouterr().out.splitlines()
    assert first.startswith(
        "feed.zip/stop_times.txt:4: ERROR foreign_key_violation: missing referenced id 999999"
    )
    assert totals.startswith("feed.zip: 1 error, 2 warnings, 0 info (gtfs-guru 1.")
    assert "--all-notices" in left_out


def test_json_has_the_canonical_form() -> None:
    notices = found(feed(stops=text_of("stops") + "S1,Again,40.41,-3.71\n"))
    said = as_json(Path("feed.zip"), notices, "a validator")
    assert said["summary"] == {
        "validatorVersion": "a validator",
        "gtfsInput": "feed.zip",
        "noticesLeftOut": 6,
    }
    assert said["notices"][0] == {
        "code": "duplicate_key",
        "severity": "ERROR",
        "totalNotices": 1,
        "sampleNotices": [
            {
                "filename": "stops.txt",
                "csvRowNumber": 14,
                "line": 14,
                "message": "Duplicate primary key value (fieldName1 stop_id, fieldValue1 S1)",
            }
        ],
    }


def test_no_control_character_of_a_feed_reaches_the_terminal() -> None:
    notices = found(with_line("stop_times", 4, TIMES[3].replace(",S3,", ",\x1b[31m9,")))
    lines = list(report_lines(Path("feed.zip"), notices, "a validator"))
    assert any("[31m" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def test_a_feed_whose_notices_take_too_much_memory_is_given_up() -> None:
    with pytest.raises(ValidationFailed, match="over 4 GB of memory"):
        validate_feed(zipped(Path("feed.zip"), feed()), most_bytes=1)


def test_a_zip_bomb_is_refused_before_the_library_opens_it() -> None:
    with pytest.raises(InputFileError, match="looks like a zip bomb"):
        found(feed(stops="0" * 50_000_000))


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    zipped(Path("feed.zip"), feed())
    monkeypatch.setattr(gtfs_validator, "find_spec", lambda name: None)
    assert status_of(["validate", "feed.zip"]) == 1
    assert "pip install 'bus-simulator[gtfs]'" in capsys.readouterr().err


def test_severities_are_ordered_from_the_gravest() -> None:
    assert list(Severity) == ["ERROR", "WARNING", "INFO"]
