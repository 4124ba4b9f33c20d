"""A feed's notices as lines for people, and as JSON shaped like the canonical validator's report.json."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.feeds.gtfs_notices import NoticeGroup, Notices, Sample, Severity
from simulator.files.problems import Problem

MOST_LINES = 3
"""Samples of a code that are listed for people."""


def report_lines(feed: Path, notices: Notices, validator: str) -> Iterator[str]:
    """Yield a line for each of a code's first notices, with file and line, and last the totals."""
    for group in notices.groups:
        for sample in group.samples[:MOST_LINES]:
            words = f"{group.severity} {group.code}: {sample.message}"
            yield str(Problem(_place(feed, sample), max(sample.line, 1), words))
        more = group.count - min(len(group.samples), MOST_LINES)
        if more:
            yield f"{feed}: and {more:,} more {group.code}"
    counts = (notices.count(severity) for severity in Severity)
    errors, warnings, infos = counts
    yield f"{feed}: {_number(errors, 'error')}, {_number(warnings, 'warning')}, {infos:,} info ({validator})"
    if notices.left_out:
        left_out = _number(notices.left_out, "notice")
        yield f"{feed}: left out, as it changes nothing in the network: {left_out} (--all-notices lists all)"


def as_json(feed: Path, notices: Notices, validator: str) -> dict[str, Any]:
    """Return the canonical validator's report, with each sample's file, row, line and words."""
    return {
        "summary": {
            "validatorVersion": validator,
            "gtfsInput": str(feed),
            "noticesLeftOut": notices.left_out,
        },
        "notices": [_group(group) for group in notices.groups],
    }


def _group(group: NoticeGroup) -> dict[str, Any]:
    return {
        "code": group.code,
        "severity": group.severity.value,
        "totalNotices": group.count,
        "sampleNotices": [
            {
                "filename": sample.file or None,
                "csvRowNumber": sample.row or None,
                "line": sample.line or None,
                "message": sample.message,
            }
            for sample in group.samples
        ],
    }


def _place(feed: Path, sample: Sample) -> str:
    return f"{feed}/{sample.file}" if sample.file else str(feed)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
