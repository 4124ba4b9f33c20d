"""Notices about a GTFS feed, by the codes of the canonical GTFS Schedule validator of MobilityData.

A notice matters if it is about a file and column that the importer reads, and the network depends on it. The
others (fares, colours, web addresses, expired dates …) are counted and left out.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from simulator.gtfs.reading.tables import TABLES

MOST_SAMPLES = 5
"""Samples kept of each code."""

ROW_KEYS = (
    "csvRowNumber",
    "newCsvRowNumber",
    "currCsvRowNumber",
    "csvRowNumber2",
    "csvRowNumberB",
    "stopTimeCsvRowNumber",
    "stopTimeCsvRowNumber2",
    "endCsvRowNumber",
    "rowNumber",
    "tripCsvRowNumber",
)
"""The value that has a notice's row; notices about two rows name the later one."""

FILE_OF: Mapping[str, str] = {
    "fast_travel_between_consecutive_stops": "stop_times.txt",
    "fast_travel_between_far_stops": "stop_times.txt",
    "forbidden_continuous_pickup_drop_off": "stop_times.txt",
    "missing_calendar_and_calendar_date_files": "calendar.txt",
    "stop_has_too_many_matches_for_shape": "stop_times.txt",
    "stop_without_stop_time": "stops.txt",
    "stops_match_shape_out_of_order": "stop_times.txt",
    "stop_too_far_from_shape": "stop_times.txt",
    "stop_too_far_from_shape_using_user_distance": "stop_times.txt",
    "unusable_trip": "trips.txt",
    "wrong_parent_location_type": "stops.txt",
}
"""The file that `ROW_KEYS` count in, where the notice doesn't name it and the first of its files isn't it."""

NOT_FOR_US: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "expired_calendar",
            "feed_expiration_date30_days",
            "feed_expiration_date7_days",
            "feed_valid_beyond_total_service_window",
            "future_calendar",
            "future_feed",
            "service_extends_far_in_the_future",
            "service_window_outside_feed_period",
            "trip_coverage_not_active_for_next7_days",
        ),
        "the simulator runs on any date of the feed, not only from today",
    ),
    **dict.fromkeys(
        (
            "leading_or_trailing_whitespaces",
            "mixed_case_recommended_field",
            "non_ascii_or_non_printable_char",
            "route_color_contrast",
            "route_long_name_contains_short_name",
            "route_short_name_too_long",
            "same_name_and_description_for_route",
            "same_name_and_description_for_stop",
            "trip_headsign_matches_intermediate_stop",
            "unknown_column",
            "unknown_file",
        ),
        "how texts look to passengers; ids may have any characters",
    ),
    **dict.fromkeys(
        (
            "inconsistent_agency_lang",
            "missing_bike_allowance",
            "missing_level_id",
            "missing_pickup_drop_off_booking_rule_id",
            "missing_recommended_column",
            "missing_recommended_field",
            "missing_recommended_file",
            "missing_timepoint_value",
            "platform_without_parent_station",
            "same_route_and_agency_url",
            "same_stop_and_agency_url",
            "same_stop_and_route_url",
            "stop_access_specified_for_incorrect_location",
            "stop_access_specified_for_stop_with_no_parent_station",
            "stop_without_zone_id",
            "unused_parent_station",
            "unused_station",
        ),
        "what the simulator doesn't read or needn't have",
    ),
}
"""Codes about files that are read which change nothing in the network, and why."""


EXTENDED_TYPES = ("unexpected_enum_value", "route_type")
"""Code and column of an extended route type (700 for a bus), which the validator's list doesn't have."""


class Severity(StrEnum):
    """How grave a notice is, gravest first."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


class LibraryNotice(Protocol):
    """A notice of the library."""

    code: str
    severity: str
    message: str
    file: str | None
    row: int | None
    field: str | None

    def get(self, key: str) -> Any:
        """Return a value of the notice; None if it hasn't one of this name."""

    def context(self) -> dict[str, Any]:
        """Return all values of the notice by name."""


class Sample(NamedTuple):
    """A notice: its file ("" for the whole feed), its row (the header is 1; 0 for none) and its words.

    `line` is where the row begins in the file; blank lines aren't rows.
    """

    file: str
    row: int
    message: str
    line: int = 0


@dataclass(slots=True)
class NoticeGroup:
    """All notices of a code: their number, and the first `MOST_SAMPLES` by file and row."""

    code: str
    severity: Severity
    count: int = 0
    samples: list[Sample] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Notices:
    """A feed's notices, gravest first; `left_out` counts those that don't matter here."""

    groups: list[NoticeGroup]
    left_out: int

    def count(self, severity: Severity) -> int:
        """Return the number of notices of a severity."""
        return sum(group.count for group in self.groups if group.severity is severity)


def grouped(
    notices: Iterable[LibraryNotice], files_of: Mapping[str, str], *, everything: bool = False
) -> Notices:
    """Group the library's notices by code, and leave out those that don't matter unless `everything`.

    `files_of` has the first file that each code is about, by the library's schema.
    """
    groups: dict[str, NoticeGroup] = {}
    left_out = 0
    for notice in notices:
        file = _file(notice, files_of)
        if not everything and not _matters(notice, file):
            left_out += 1
            continue
        group = groups.setdefault(notice.code, NoticeGroup(notice.code, Severity(notice.severity)))
        group.count += 1
        place = (file, _row(notice))
        # Values are put into words only for notices that become samples: a feed may have millions.
        if len(group.samples) < MOST_SAMPLES or place < group.samples[-1][:2]:
            sample = Sample(*place, _message(notice))
            group.samples = heapq.nsmallest(MOST_SAMPLES, {*group.samples, sample})
    return Notices(sorted(groups.values(), key=by_gravity), left_out)


def by_gravity(group: NoticeGroup) -> tuple[int, str]:
    """Return the key that sorts groups from the gravest, and by code."""
    return list(Severity).index(group.severity), group.code


def _file(notice: LibraryNotice, files_of: Mapping[str, str]) -> str:
    named = notice.file or notice.get("filename") or notice.get("childFilename")
    return str(named or FILE_OF.get(notice.code) or files_of.get(notice.code, ""))


def _row(notice: LibraryNotice) -> int:
    if notice.row is not None:
        return notice.row
    return next((int(row) for key in ROW_KEYS if (row := notice.get(key)) is not None), 0)


def _matters(notice: LibraryNotice, file: str) -> bool:
    if notice.code in NOT_FOR_US:
        return False
    if not file:
        return True
    if file not in TABLES:
        return False
    column = notice.field or notice.get("fieldName") or notice.get("childFieldName")
    if (notice.code, column) == EXTENDED_TYPES:
        return False
    return column is None or column in TABLES[file].columns


def _message(notice: LibraryNotice) -> str:
    """The library's words, and the values by name without rows, file and geometry."""
    values = dict(_values(notice))
    if notice.field is not None:
        values = {"fieldName": notice.field, **values}
    said = ", ".join(f"{name} {value}" for name, value in values.items())
    return f"{notice.message} ({said})" if said else notice.message


def _values(notice: LibraryNotice) -> Iterator[tuple[str, object]]:
    for name, value in sorted(notice.context().items()):
        if "owNumber" in name or name in ("filename", "childFilename") or isinstance(value, (list, dict)):
            continue
        if value not in (None, ""):
            yield name, round(value, 3) if isinstance(value, float) else value
