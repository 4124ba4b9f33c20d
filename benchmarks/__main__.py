"""`python -m benchmarks`: measure, and write table, history and chart of `docs/performance.md`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from statistics import median

import click

from benchmarks import (
    all_at_once,
    answering,
    arrivals,
    exporting,
    fanout,
    filling,
    flatness,
    history,
    importing,
    lake,
    map_page,
    postgres,
    postgres_servers,
    realtime_feeds,
    starting,
    timestream,
    timestream_live,
    whole_live,
)
from benchmarks.calibration import machine, rounds_s, slowness_of
from benchmarks.figures import HEADER, Figure, Row, Unmeasured, median_run, row
from simulator.clock import Clock

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
CHART = PAGE.with_suffix(".svg")
BEGIN, END = "<!-- figures begin -->", "<!-- figures end -->"
RUNS = 3
GREATEST_LOAD = 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are measured together, in this order; those after the last one wanted aren't measured."""

    rows: tuple[str, ...]
    measure: Callable[[], Iterator[Row]]


PARTS: Sequence[Part] = (
    Part(("day", "audit", "sumo"), filling.measure_day),
    Part(("day-memory",), filling.measure_day_memory),
    Part(("rows", "month"), filling.measure_month),
    Part(("import", "folder"), importing.measure),
    Part(("live", "recovery"), whole_live.measure),
    Part(("first", "history", "restart", "hour"), starting.measure),
    Part(("rest",), answering.measure_latest),
    Part(("at",), answering.measure_at),
    Part(("all-kept", "all-first"), all_at_once.measure),
    Part(("arrivals",), arrivals.measure),
    Part(("rt-tick",), realtime_feeds.measure),
    Part(tuple(f"export-{form}" for form in exporting.FORMATS), exporting.measure),
    Part(("flat",), flatness.measure),
    Part(("ws", "ws-batch"), fanout.measure),
    Part(("map-first", "map-frames"), map_page.measure),
    Part(("ts-newest", "ts-write", "ts-writers"), timestream.measure),
    Part(("ts-lag", "ts-recovery"), timestream_live.measure),
    Part(("pg-write", "pg-latest", "pg-at"), postgres.measure),
    Part(("pg-serve", "pg-failover"), postgres_servers.measure),
    Part(("pg-live",), postgres_servers.measure_live),
    Part(("lake-1", "lake-2"), lake.measure),
)
ROWS = tuple(row_id for part in PARTS for row_id in part.rows)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--only", metavar="ROW,…", help=f"Measure these rows only: {', '.join(ROWS)}.")
@click.option("--runs", type=click.IntRange(1), default=RUNS, show_default=True, help="Runs of each row.")
@click.option("--noisy", is_flag=True, help="Measure on a busy machine; only writes the rows of --only.")
def main(*, only: str | None, runs: int, noisy: bool) -> None:
    """Measure each row as the median of several runs, and write docs/performance.md and the history.

    With --only, rows that aren't measured keep their figures. Rows of --noisy say so, and the
    history doesn't have them.
    """
    chosen = chosen_rows(only)
    load = os.getloadavg()[0]
    print(f"Load before the measurement: {load:.2f}", file=sys.stderr)
    if load > GREATEST_LOAD and not noisy:
        raise click.ClickException(
            f"the machine's load is {load:.2f}, more than {GREATEST_LOAD}: end other programs, or use --noisy"
        )
    done = measured(chosen, runs)
    if done.rows:
        measured_on = conditions(load, runs, done.slowness)
        print("", measured_on, sep="\n")
        if not noisy:
            write_all(done.rows, measured_on, load)
        elif only is not None:
            write_page([as_noisy(each, load) for each in done.rows], None)
    if done.failed:
        raise click.ClickException("not measured: " + "; ".join(done.failed))


def write_all(found: Sequence[Row], measured_on: str, load: float) -> None:
    """Write rows into the history, its chart and docs/performance.md."""
    now, commit = Clock().now(), history.current_commit()
    figures = [each for each in found if isinstance(each, Figure)]
    history.append(
        history.HistoryEntry.of(each, date=f"{now:%Y-%m-%d}", commit=commit, load=load) for each in figures
    )
    CHART.write_text(history.chart(history.read()), encoding="utf-8")
    write_page(found, measured_on)


def write_page(found: Iterable[Row], measured_on: str | None) -> None:
    """Write rows into docs/performance.md."""
    PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), found, measured_on), encoding="utf-8")


def as_noisy(figure: Row, load: float) -> Row:
    """A row that says that it was measured on a busy machine."""
    if isinstance(figure, Unmeasured):
        return figure
    return replace(figure, note=f"{figure.note}; measured on a busy machine, load {load:.0f}".lstrip("; "))


def chosen_rows(only: str | None) -> Sequence[str]:
    """The rows to measure. Raises `click.BadParameter` for a name that is none."""
    chosen = ROWS if only is None else tuple(name.strip() for name in only.split(","))
    unknown = [name for name in chosen if name not in ROWS]
    if unknown:
        known = ", ".join(ROWS)
        raise click.BadParameter(f"no row is called {unknown[0]}; there are {known}", param_hint="--only")
    return chosen


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows, the slowness during each run of a part, and what failed: the first row of a part, and why."""

    rows: list[Row] = field(default_factory=list)
    slowness: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def measured(chosen: Iterable[str], runs: int) -> Measured:
    """Measure the chosen rows, and print each when its runs are complete.

    A part that fails costs its own rows only: all take more than an hour.
    """
    wanted, done = set(chosen), Measured()
    print(*HEADER, sep="\n")
    for part in PARTS:
        if wanted.isdisjoint(part.rows):
            continue
        try:
            complete = [run_of(part, wanted, done.slowness) for _ in range(runs)]
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are measured
            done.failed.append(f"{part.rows[0]}: {type(error).__name__}: {error}")
            print(done.failed[-1], file=sys.stderr, flush=True)
            continue
        for figures in zip(*complete, strict=True):
            if figures[0].row_id in wanted:
                done.rows.append(median_run(figures))
                print(row(done.rows[-1]), flush=True)
    return done


def run_of(part: Part, wanted: Set[str], slowness: list[float]) -> Sequence[Row]:
    """One run of a part up to its last row that is wanted, held against a calibration of its own.

    The calibration is that of the minutes of the run: measured before it and after it.
    """
    before_s = rounds_s()
    rows = max(number for number, row_id in enumerate(part.rows, 1) if row_id in wanted)
    # One run after the other, since a part may hold processes and files until its last row.
    found = list(islice(part.measure(), rows))
    slowness.append(slowness_of([*before_s, *rounds_s()]))
    return [each.scaled(slowness[-1]) if isinstance(each, Figure) else each for each in found]


def with_figures(page: str, found: Iterable[Row], measured_on: str | None) -> str:
    """The page with new rows in its table, in the order of `ROWS`; other rows stay.

    `measured_on` are the conditions below the table, None for those that it has.
    """
    before, rest = page.split(BEGIN)
    old, after = rest.split(END)
    lines_of = {line.split("`")[1]: line for line in old.splitlines() if line.startswith("| `")}
    lines_of |= {each.row_id: row(each) for each in found}
    lines = [lines_of[row_id] for row_id in ROWS if row_id in lines_of]
    below = old.rstrip().rpartition("\n")[2] if measured_on is None else measured_on
    return "\n".join([before + BEGIN, *HEADER, *lines, "", below, END + after])


def conditions(load: float, runs: int, slowness: Sequence[float]) -> str:
    """The machine, and the conditions of the measurement."""
    return (
        f"{machine()} The figures are medians of {runs} runs; the load before them was {load:.2f}. The "
        f"calibration took {median(slowness):.2f} times as long as on the reference machine "
        f"({min(slowness):.2f} to {max(slowness):.2f})."
    )


if __name__ == "__main__":
    main()
