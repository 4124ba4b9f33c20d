"""Cuts of a route's service: into one service day, into day and night, without its last hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simulator.gtfs.lines import DAY_S, HOUR_S
from simulator.gtfs.routes import RouteService, ScheduledTrip
from simulator.network_files.timetable import day_start_s
from simulator.types import DayType

NIGHT_FROM_S, NIGHT_UNTIL_S = 23 * HOUR_S, 6 * HOUR_S


def in_one_day(service: RouteService, night: bool) -> RouteService:
    """The same trips, with departures moved into the 24 hours from the service day's start."""
    # Feeds write a departure after midnight as 01:30 or as 25:30. Either becomes the one that lies in the
    # line's service day, which begins at 04:00 (night lines: 12:00).
    start = day_start_s(night)
    runs = {
        day: sorted(
            (replace(run, departs_s=start + (run.departs_s - start) % DAY_S) for run in of_day),
            key=lambda run: (run.departs_s, run.pattern, run.takes_s),
        )
        for day, of_day in service.runs.items()
    }
    return replace(service, runs=runs)


def day_or_night_part(service: RouteService, at_night: bool) -> RouteService | None:
    """The trips that depart at night, or those by day, with the patterns that they use; None for none."""

    def belongs(run: ScheduledTrip) -> bool:
        second = run.departs_s % DAY_S
        return (second >= NIGHT_FROM_S or second < NIGHT_UNTIL_S) == at_night

    return _with(service, {day: list(filter(belongs, runs)) for day, runs in service.runs.items()})


def without_last_hour(service: RouteService) -> tuple[RouteService, int]:
    """A service without the last hour of its longest day, and how many departures that removes."""
    last = max(runs[-1].departs_s for runs in service.runs.values()) - HOUR_S
    kept = {day: [run for run in runs if run.departs_s < last] for day, runs in service.runs.items()}
    count = sum(map(len, service.runs.values())) - sum(map(len, kept.values()))
    shorter = _with(service, kept)
    # A service of less than an hour would vanish: keep each day's first departure.
    if shorter is None:
        first = {day: runs[:1] for day, runs in service.runs.items()}
        shorter = replace(service, runs=first)
    return shorter, count


def _with(service: RouteService, runs: Mapping[DayType, list[ScheduledTrip]]) -> RouteService | None:
    """A service with these trips only, and its patterns renumbered; None for no trips."""
    used = sorted({run.pattern for of_day in runs.values() for run in of_day})
    if not used:
        return None
    patterns = [service.patterns[i] for i in used]
    # If only inbound patterns remain they become outbound: every line has an outbound direction.
    if all(pattern.direction for pattern in patterns):
        patterns = [replace(pattern, direction=0) for pattern in patterns]
    kept = {
        day: [replace(run, pattern=used.index(run.pattern)) for run in of_day]
        for day, of_day in runs.items()
        if of_day
    }
    return replace(service, patterns=patterns, runs=kept)
