"""The departures of trips that frequencies.txt repeats, and what is doubtful about them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from simulator.files.findings import Finding
from simulator.gtfs.feed import Feed, Frequency

LEAST_HEADWAY_S = 60
"""A bus every few seconds is most likely a mistake, such as minutes written as seconds."""


def departures(feed: Feed, trip: int) -> list[int]:
    """The departures of a trip, ascending, each once: its own, or those of its frequencies.

    A headway-based service is spaced evenly, as one with exact times.
    """
    repeated = feed.frequencies.get(trip)
    if repeated is None:
        return [int(feed.trips.departure_s[feed.trips.first[trip]])]
    return sorted({at for each in repeated for at in range(each.start_s, each.end_s, each.headway_s)})


def departure_count(feed: Feed, trip: int) -> int:
    """An upper bound of the number of departures of a trip, without listing them."""
    repeated = feed.frequencies.get(trip)
    if repeated is None:
        return 1
    return sum(len(range(each.start_s, each.end_s, each.headway_s)) for each in repeated)


def doubtful_frequencies(feed: Feed) -> Iterator[Finding]:
    """Findings for headways under a minute, for windows of a trip that overlap, and for empty ones."""
    short = [
        each for windows in feed.frequencies.values() for each in windows if each.headway_s < LEAST_HEADWAY_S
    ]
    empty = [each for windows in feed.frequencies.values() for each in windows if each.start_s == each.end_s]
    over = [each for windows in feed.frequencies.values() for each in _overlapping(windows)]
    for code, found, said in (
        ("short-headway", short, "a headway under a minute is most likely a mistake: are minutes meant?"),
        (
            "overlapping-frequencies",
            over,
            "begins before the window before it ends: both run, equal times once",
        ),
        ("empty-window", empty, "ends when it begins: nothing departs"),
    ):
        if found:
            first = min(found, key=lambda each: each.row)
            message = (
                f"every {first.headway_s} s from {_clock(first.start_s)} to {_clock(first.end_s)}: {said}"
            )
            rows = np.array(sorted(each.row for each in found))
            yield feed.finding(code, "frequencies.txt", rows, message)


def _overlapping(windows: Sequence[Frequency]) -> Iterator[Frequency]:
    """The windows of a trip that begin before an earlier one ends."""
    ordered = sorted(windows, key=lambda each: (each.start_s, each.row))
    ends = itertools.accumulate((each.end_s for each in ordered), max)
    for end_s, each in zip(ends, ordered[1:], strict=False):
        if each.start_s < end_s:
            yield each


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"
