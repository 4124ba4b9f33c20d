"""`python -m benchmarks.scaling [--network PATH]`: what 9, 50 and all lines of a network cost.

Writes the table of `docs/scaling.md` and its chart. Every measurement is a process of its own, so that its
memory is its own; Linux tells each process's peak.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import active_children
from pathlib import Path
from typing import TypeVar

import click

from benchmarks.calibration import machine
from benchmarks.filling import WEDNESDAY
from services.feeders.backfill import fill, plan
from services.feeders.feeder import FEEDERS, Feeder
from services.inputs.load import load_network
from services.reports.bar_chart import Bars, bars_svg
from services.times import HOUR
from simulator.city import City
from simulator.clock import Clock
from simulator.day.line_day import MODEL_VERSION
from simulator.day.line_day_processes import ProcessPool
from simulator.network import Network
from storage.duckdb_store import DuckDBStore
from storage.store import Run
from tests.synthetic import synthetic_network

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"
CHART = PAGE.with_suffix(".svg")
BEGIN, END = "<!-- figures begin -->", "<!-- figures end -->"
CUTS = (9, 50)
"""Lines of the smaller networks."""

RUSH_HOUR = WEDNESDAY + 4 * HOUR
TICK = timedelta(seconds=30)
HEADER = (
    "| lines | buses | stops | rows per day | stored per day | CPU per day | wall time per day | peak memory "
    "| live: CPU per hour | share of a core | peak memory |",
    "|--:" * 11 + "|",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredDay:
    """A day simulated and stored: rows, bytes of the file, seconds of CPU and of wall time, peak bytes."""

    rows: int
    stored: int
    cpu_s: float
    wall_s: float
    memory: int


@dataclass(frozen=True, slots=True)
class Live:
    """The three feeders' peak hour, tick by tick: CPU seconds, those of its line-days, peak bytes."""

    cpu_s: float
    line_days_s: float
    memory: int

    @property
    def core(self) -> float:
        """The share of a core of live feeders: an hour's ticks and a 24th of the day's line-days."""
        return (self.cpu_s + self.line_days_s / 24) / 3600


@dataclass(frozen=True, slots=True)
class Size:
    """A network and its costs."""

    network: Network
    day: StoredDay
    live: Live


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--network", type=click.Path(path_type=Path), default=None, help="Default: a synthetic one.")
def main(*, network: Path | None) -> None:
    """Measure cuts of a network and write docs/scaling.md's table and its chart."""
    whole = synthetic_network() if network is None else load_network(network)
    sizes = []
    for lines in (*CUTS, len(whole.lines)):
        part = cut(whole, lines)
        sizes.append(Size(part, alone(stored_day, part), alone(live_hour, part)))
        click.echo(row(sizes[-1]))
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_figures(text, [*table(whole.name, sizes)]), encoding="utf-8")
    CHART.write_text(bars_svg(chart(sizes)), encoding="utf-8")


def cut(network: Network, lines: int) -> Network:
    """A part of a network: `lines` of its lines, chosen at equal intervals, and the stops that they serve."""
    total = len(network.lines)
    chosen = tuple(network.lines[number * total // lines] for number in range(min(lines, total)))
    served = {stop_id for line in chosen for stop_id in line.stop_ids}
    return Network(chosen, tuple(stop for stop in network.stops if stop.stop_id in served), network.name)


def alone(measure: Callable[[Network], T], network: Network) -> T:
    """The result of a function run in a new process."""
    with ProcessPool(1) as pool:
        return pool.submit(measure, network).result()


def stored_day(network: Network) -> StoredDay:
    """A weekday simulated in as many processes as there are cores, and stored."""
    run = Run(1, network.digest, "", MODEL_VERSION)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bus.duckdb"
        began = time.perf_counter()
        jobs = os.cpu_count() or 1
        with closing(DuckDBStore(path)) as store, closing(City(network, jobs=jobs)) as city:
            windows = plan(store, WEDNESDAY, WEDNESDAY + timedelta(days=1), newest_first=False)
            rows = sum(done.rows for done in fill(windows, model=city, store=store, run=run))
            memory = peak()
        return StoredDay(rows, path.stat().st_size, cpu_s(), time.perf_counter() - began, memory)


def live_hour(network: Network) -> Live:
    """The feeders' ticks of an hour, written one after the other in one process without waiting."""
    run = Run(1, network.digest, "", MODEL_VERSION)
    clock = Clock(start=RUSH_HOUR, paused=True)
    with tempfile.TemporaryDirectory() as folder, closing(DuckDBStore(Path(folder) / "bus.duckdb")) as store:
        city = City(network)
        feeders = [
            Feeder(kind, model=city, store=store, run=run, clock=clock, start=RUSH_HOUR) for kind in FEEDERS
        ]
        began = cpu_s()
        city.window(RUSH_HOUR, RUSH_HOUR + TICK, ())
        simulated = cpu_s()
        for number in range(HOUR // TICK):
            for feeder in feeders:
                feeder.catch_up(RUSH_HOUR + number * TICK)
        return Live(cpu_s() - simulated, simulated - began, peak())


def cpu_s() -> float:
    """CPU seconds of this process and its ended children, user and system."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)


def peak() -> int:
    """Peak memory in bytes of this process and of the largest of its children."""
    return sum(map(_peak_of, ["self", *(str(child.pid) for child in active_children())]))


def _peak_of(process: str) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def table(name: str, sizes: Sequence[Size]) -> Iterator[str]:
    """The lines of the table and the text around it."""
    yield f"Cuts of {name}, their lines spread over all of it; model {MODEL_VERSION}."
    yield ""
    yield from HEADER
    yield from map(row, sizes)
    yield ""
    yield machine()


def row(size: Size) -> str:
    """A network's row."""
    network, day, live = size.network, size.day, size.live
    cells = (
        *(f"{len(counted):,}" for counted in (network.lines, network.line_of_bus, network.stops)),
        f"{day.rows / 1e6:.2f} M",
        f"{day.stored / 1e6:,.0f} MB",
        f"{day.cpu_s:.1f} s",
        f"{day.wall_s:.1f} s",
        f"{day.memory / 1e9:.2f} GB",
        f"{live.cpu_s:.1f} s",
        f"{live.core:.2%}",
        f"{live.memory / 1e9:.2f} GB",
    )
    return f"| {' | '.join(cells)} |"


def chart(sizes: Sequence[Size]) -> Bars:
    """The chart of each network's costs."""
    return Bars(
        "What a network costs as it grows",
        "seconds",
        ("CPU to simulate and store a day", "wall time of the same", "CPU of a live hour"),
        [f"{len(size.network.lines)} lines" for size in sizes],
        [
            [size.day.cpu_s for size in sizes],
            [size.day.wall_s for size in sizes],
            [size.live.cpu_s for size in sizes],
        ],
        across="network",
    )


def with_figures(page: str, lines: Sequence[str]) -> str:
    """A page with these lines in place of its figures."""
    before, rest = page.split(BEGIN)
    return "\n".join([before + BEGIN, *lines, END + rest.split(END)[1]])


if __name__ == "__main__":
    main()
