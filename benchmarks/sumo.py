"""The same weekday in SUMO: mesoscopic, with all passengers, in one run with the model's own.

SUMO (Eclipse, sumo.dlr.de) is the extra `[bench-sumo]`; `make setup-sumo` installs it. It is asked for what
costs it least: one segment an edge, no other traffic, no junction control, and of output an entry for each
stop served, and for each trip and person at its end, but no positions. Its input is written first and isn't
timed, nor is `netconvert`. Its time is that of the whole process, input read included. It may use a thread a
core; the row says how many cores it did use.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.figures import Figure, Unmeasured
from benchmarks.sumo_input import SumoInput, write_input
from simulator.city import City
from simulator.network import Network

INSTALL = "make setup-sumo"
BEGIN_S = 3 * 3600
WITHOUT_TRAFFIC = (
    "--no-internal-links",
    "true",
    "--no-turnarounds",
    "true",
    "--junctions.corner-detail",
    "0",
)
MESOSCOPIC = ("--mesosim", "true", "--meso-edgelength", "100000", "--begin", str(BEGIN_S))
QUIET = ("--no-step-log", "true", "--no-warnings", "true")


@dataclass(frozen=True, slots=True)
class SumoDay:
    """A weekday in SUMO: its seconds, the cores it used, its input, and the number of people who arrived."""

    seconds: float
    cores: float
    given: SumoInput
    arrived: int


def program(name: str) -> Path:
    """The path of a SUMO program in this environment."""
    return Path(sys.executable).with_name(name)


def installed() -> bool:
    """Whether SUMO is installed in this environment."""
    return program("sumo").exists()


def beside(ours_s: float, network: Network, day: date, *, jobs: int) -> Figure | Unmeasured:
    """The model's seconds for a network's weekday against SUMO's."""
    what = "the same weekday, compared with mesoscopic SUMO with passengers and output"
    if not installed():
        return Unmeasured(what, f"SUMO isn't installed; `{INSTALL}` does that", row_id="sumo")
    by_sumo = weekday(network, day, jobs=jobs)
    given = by_sumo.given
    note = (
        f"SUMO: {len(network.lines)} lines, {len(network.line_of_bus):,} buses' {given.trips:,} trips as "
        f"vehicles, {len(network.stops):,} stops, {given.people:,} people, of whom {by_sumo.arrived:,} ride "
        f"where they want; output of stops, trips and people, no positions; {jobs} threads used "
        f"{by_sumo.cores:.2f} cores"
    )
    return Figure(what, ours_s, "s", "SUMO", by_sumo.seconds, "at most", 1 / 15, note, row_id="sumo")


def weekday(network: Network, day: date, *, jobs: int) -> SumoDay:
    """Simulate a network's service day in SUMO. CalledProcessError with its output if SUMO fails."""
    with tempfile.TemporaryDirectory() as name, closing(City(network, jobs=jobs)) as city:
        folder = Path(name)
        given = write_input(network, city.days(day, day), day, folder)
        plain = ("-n", "nodes.xml", "-e", "edges.xml", "-x", "connections.xml", "-o", "net.xml")
        _run(folder, "netconvert", (*plain, *WITHOUT_TRAFFIC, "--no-warnings", "true"))
        files = ("-n", "net.xml", "-a", "stops.xml", "-r", "trips.xml,people.xml")
        output = ("--stop-output", "stop-output.xml", "--tripinfo-output", "tripinfo.xml")
        statistics = ("--statistic-output", "statistics.xml")
        threads = ("--threads", str(jobs))
        began, before_s = time.perf_counter(), children_cpu_s()
        _run(folder, "sumo", (*files, *MESOSCOPIC, *threads, *output, *statistics, *QUIET))
        seconds = time.perf_counter() - began
        return SumoDay(
            seconds, (children_cpu_s() - before_s) / seconds, given, _arrived(folder / "statistics.xml")
        )


def children_cpu_s() -> float:
    """CPU seconds of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(folder: Path, name: str, arguments: Sequence[str]) -> None:
    command = [str(program(name)), *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)


def _arrived(statistics: Path) -> int:
    """The number of people whose ride ended at their destination."""
    rides = ElementTree.parse(statistics).getroot().find("rideStatistics")
    if rides is None:
        raise ValueError(f"{statistics} says nothing of rides")
    return int(rides.get("number", 0)) - int(rides.get("aborted", 0))
