"""A network's simulated days compared with measured ranges of real service: as text, JSON and charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.console.progress_bar import with_progress_bar
from services.inputs.load import processes_for
from services.reports.bar_chart import Bars
from simulator.analysis.measures import PPM, TENTHS, Measures
from simulator.analysis.realism import (
    DATES,
    Band,
    Reading,
    Study,
    added_up,
    boardings,
    line_days,
    mean_ppm,
    readings,
)
from simulator.network import Network

DAY_TYPES = (Study.WEEKDAY, Study.SATURDAY, Study.SUNDAY)
LOAD_STEP = 10
LEAST_MINUTES = 60
"""Loads with less data than this get no mean in the CO2 chart."""


@dataclass(frozen=True, slots=True)
class Realism:
    """The measures of a network's simulated days, and their readings against the bands."""

    network: Network
    seed: int
    days: Mapping[Study, Measures]
    readings: Sequence[Reading]


def measured(network: Network, *, seed: int, jobs: int | None) -> Realism:
    """Simulate a network's days and measure them, with a progress bar.

    `jobs` is the number of processes, None for as many as pay off.
    """
    work = line_days(network, seed=seed, jobs=jobs or processes_for(network))
    days = added_up(with_progress_bar(work, len(Study) * len(network.lines), "realism"))
    return Realism(network, seed, days, readings(network, days))


def report_lines(found: Realism) -> Iterator[str]:
    """Yield a line for each band, and the totals."""
    yield f"realism of {found.network.name}, seed {found.seed}:"
    for each in found.readings:
        band = f"{titled(each.band):58}{bounds(each.band):>16}"
        yield f"  {band}{value_text(each):>10}  {verdict(each)}"
    yield f"  {unserved(found)}"
    judged = [each for each in found.readings if each.judged and not each.band.beside]
    outside = sum(not each.holds for each in judged)
    yield f"realism: {len(judged) - outside} of {len(judged)} bands hold"


def report(found: Realism) -> dict[str, object]:
    """Return bands and measured values for JSON."""
    return {
        "network": found.network.name,
        "seed": found.seed,
        "days": {study.value: DATES[study].isoformat() for study in Study},
        "bands": [
            {
                "key": each.band.key,
                "name": each.band.name,
                "unit": each.band.unit,
                "low": each.band.low,
                "high": each.band.high,
                "source": each.band.source,
                "value": each.value,
                "judged": each.judged,
                "holds": each.holds,
                "beside": each.band.beside,
            }
            for each in found.readings
        ],
        "cancelled": {study.value: each.cancelled for study, each in found.days.items()},
    }


def titled(band: Band) -> str:
    """Return the band's name with its unit."""
    return f"{band.name} ({band.unit})" if band.unit else band.name


def bounds(band: Band) -> str:
    """Return the band's range as text."""
    if band.low is None or band.high is None:
        return f"at most {band.high:,g}" if band.low is None else f"at least {band.low:,g}"
    return f"{band.low:,g}" if band.low == band.high else f"{band.low:,g} to {band.high:,g}"


def value_text(reading: Reading) -> str:
    """Return the measured value as text, a dash for none."""
    return "-" if reading.value is None else f"{reading.value:,.{reading.band.decimals}f}"


def verdict(reading: Reading) -> str:
    """Return whether the value is in the band. Alternative readings don't count in the total."""
    if reading.holds is None:
        return "not judged"
    if reading.band.beside:
        return "alternative: holds" if reading.holds else "alternative: outside"
    return "holds" if reading.holds else "OUTSIDE"


def unserved(found: Realism) -> str:
    """Return how many scheduled departures had no bus in time, by day."""
    days = ", ".join(f"{study.value} {found.days[study].cancelled:,}" for study in Study)
    return f"scheduled departures without a bus: {days}"


def charts(found: Realism) -> Iterator[tuple[str, Bars]]:
    """Yield name and chart of each measure of a network's days."""
    days = found.days
    hours = [f"{hour:02d}" for hour in range(24)]
    names = [f"{study.value.capitalize()}, {DATES[study]}" for study in DAY_TYPES]
    people = [boardings(days[study]) for study in DAY_TYPES]
    speeds = [[hour.speed_kmh for hour in days[study].hours] for study in DAY_TYPES]
    yield "boardings", Bars("Boardings by hour", "people", names, hours, people)
    yield "speed", Bars("Commercial speed by hour", "km/h", names, hours, speeds)
    along = [[spread.cv for spread in days[study].along] for study in (Study.WEEKDAY, Study.HOLDING)]
    tenths = [f"{100 * k // TENTHS}–{100 * (k + 1) // TENTHS} %" for k in range(TENTHS)]
    ways = ("without holding", "with holding")
    title = "Headway CV at peak along the line"
    yield "headways", Bars(title, "", ways, tenths, along, across="share of the way")
    yield "co2", _air(days[Study.WEEKDAY])


def _air(weekday: Measures) -> Bars:
    """Return the chart of mean cabin CO2 by load, in steps of ten people."""
    bins: dict[int, Counter[int]] = {}
    for code, minutes in weekday.air.items():
        bins.setdefault(code // PPM // LOAD_STEP, Counter())[code] = minutes
    drawn = [k for k in sorted(bins) if bins[k].total() >= LEAST_MINUTES]
    labels = [f"{k * LOAD_STEP}–{(k + 1) * LOAD_STEP - 1}" for k in drawn]
    means = [mean_ppm(bins[k]) for k in drawn]
    return Bars("Cabin CO2 by people aboard", "ppm", ("mean",), labels, (means,), across="people aboard")
