"""Notices that the library doesn't give: lines of spaces, and what the canonical validator lacks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from itertools import islice

from services.feeds.gtfs_notices import MOST_SAMPLES, NoticeGroup, Sample, Severity
from simulator.gtfs.frequencies import LEAST_HEADWAY_S

FREQUENCIES = "frequencies.txt"
HEADWAY_UNDER_A_MINUTE = "headway_under_a_minute"
SECONDS = re.compile(r"[0-9]{1,9}")
SPACES = re.compile(rb"(?m)^[ \t]+(?=\r?$)")
"""A line of spaces."""


def without_spaces(content: bytes) -> bytes:
    """Return a file with its lines of spaces made blank: the library takes them for rows of empty values."""
    return SPACES.sub(b"", content)


def empty_rows(contents: Mapping[str, bytes]) -> list[NoticeGroup]:
    """Return the canonical notice of lines of spaces, which the library doesn't give, if there are some."""
    group = NoticeGroup("empty_row", Severity.WARNING)
    for file, content in sorted(contents.items()):
        for found in SPACES.finditer(content):
            group.count += 1
            if group.count <= MOST_SAMPLES:
                line = content.count(b"\n", 0, found.start()) + 1
                group.samples.append(Sample(file, 0, "the row has only spaces", line))
    return [group] if group.count else []


def short_headways(content: bytes) -> list[NoticeGroup]:
    """Return a warning for the rows of frequencies.txt with headways under a minute, if there are some."""
    text = content.decode("utf-8-sig", errors="replace").replace("\0", "")
    group = NoticeGroup(HEADWAY_UNDER_A_MINUTE, Severity.WARNING)
    try:
        reader = csv.reader(io.StringIO(text, newline=""))
        rows = (fields for fields in reader if fields)
        header = [name.strip() for name in next(rows, [])]
        column = header.index("headway_secs") if "headway_secs" in header else len(header)
        for row, fields in enumerate(rows, start=2):
            # `islice`: rows may be shorter than the header.
            value = "".join(islice(fields, column, column + 1)).strip()
            if SECONDS.fullmatch(value) and 0 < int(value) < LEAST_HEADWAY_S:
                group.count += 1
                if group.count <= MOST_SAMPLES:
                    said = f"a bus every {int(value)} s is most likely a mistake (headway_secs {value})"
                    group.samples.append(Sample(FREQUENCIES, row, said))
    except csv.Error:
        pass  # the library reports what isn't CSV
    return [group] if group.count else []
