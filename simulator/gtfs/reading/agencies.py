"""The time zone of a feed: GTFS requires all agencies to have one, an IANA name."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np

from simulator.files.csv_checks import value_message
from simulator.files.csv_table import TableFile
from simulator.files.problems import InputFileError, Problem

COLUMN = "agency_timezone"


def read_time_zone(agencies: TableFile) -> str:
    """The first agency's time zone that exists; others are reported. InputFileError if there is none."""
    zones = agencies.texts(COLUMN)
    wrong = np.array([row for row, zone in enumerate(zones) if not is_time_zone(zone)], np.int64)
    said = ""
    if len(wrong):
        said = value_message(agencies, COLUMN, int(wrong[0]))
    right = [row for row in range(len(zones)) if row not in set(wrong.tolist())]
    if not right:
        raise InputFileError([Problem(agencies.file, agencies.lines([0])[0], said)])
    first = zones[right[0]]
    if len(wrong):
        agencies.find("wrong-value", wrong, f"{said}: times are read as those of {first}")
    other = np.array([row for row in right if zones[row] != first], np.int64)
    if len(other):
        said = (
            f"{COLUMN} is {zones[int(other[0])]}, but {first} on line {agencies.lines(right[:1])[0]}: "
            f"GTFS requires one time zone for all agencies; all times are read as those of {first}"
        )
        agencies.find("agency-time-zone", other, said)
    return first


def is_time_zone(name: str) -> bool:
    """Whether there is a time zone of this IANA name."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return bool(name)
