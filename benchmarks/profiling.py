"""`make profile WHAT=day|live|rest|ws|import`: where the program's CPU time goes, by py-spy.

py-spy starts the program and samples the Python stacks of all its processes' threads that aren't idle, so
that samples ÷ rate are CPU seconds; on a busy machine they are more, since threads that wait for a core are
counted. As py-spy starts the program, it needs no rights to trace other processes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
import psutil

from benchmarks.answering import load
from benchmarks.fanout import Count, CountingClient
from benchmarks.filling import FEED
from benchmarks.flame_graph import flame_graph, read_stacks, table
from benchmarks.starting import KEY, answers, until
from tests.environment import feeds_folder

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build" / "profile"
RATE_HZ = 200
CLIENTS = 200
SERVER = "Server.run (uvicorn/server.py)"
QUIET = ("--backfill", "0")


@dataclass(frozen=True, slots=True)
class Workload:
    """A command of the program, and what happens while it runs; then it is interrupted.

    Without `during` the command ends by itself. If a function is named by `within`, only its samples count.
    """

    options: tuple[str, ...]
    during: Callable[[int, float], None] | None = None
    within: str = ""


def requests(port: int, seconds: float) -> None:
    """Request a stop's latest count on 16 connections."""
    asyncio.run(load(port, seconds))


def subscribers(port: int, seconds: float) -> None:
    """Let many clients subscribe to a line, and read what they get."""

    async def read() -> None:
        count, loop = Count(), asyncio.get_running_loop()
        connecting = (
            loop.create_connection(partial(CountingClient, "single", count), "127.0.0.1", port)
            for _ in range(CLIENTS)
        )
        transports = [transport for transport, _ in [await each for each in connecting]]
        await asyncio.sleep(seconds)
        for transport in transports:
            transport.abort()
        await asyncio.sleep(0)

    asyncio.run(read())


def nothing(_port: int, seconds: float) -> None:
    """Let the city run."""
    asyncio.run(asyncio.sleep(seconds))


def workloads(folder: Path, network: Path | None) -> dict[str, Workload]:
    """The workloads by name. `folder` is for the imported network."""
    of_network = () if network is None else ("--network", str(network))
    day = ("--start", "2026-11-18T03:00Z", "--end", "2026-11-19T03:00Z")
    running = ("run", *QUIET, *of_network, "--speed")
    feeds = feeds_folder()
    feed = network if network is not None or feeds is None else feeds / FEED
    return {
        "day": Workload(("backfill", *day, *of_network)),
        "live": Workload((*running, "600"), nothing),
        "rest": Workload((*running, "1"), requests, SERVER),
        "ws": Workload((*running, "600"), subscribers, SERVER),
        "import": Workload(("import-gtfs", str(feed), "--output", str(folder / "city"))),
    }


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("what", type=click.Choice(["day", "live", "rest", "ws", "import"]))
@click.option("--network", type=click.Path(path_type=Path), help="Network file, folder or GTFS feed.")
@click.option("--seconds", type=float, default=20, show_default=True, help="How long live, rest and ws last.")
@click.option("--output", type=click.Path(path_type=Path), default=FOLDER, help="Folder for both files.")
def main(*, what: str, network: Path | None, seconds: float, output: Path) -> None:
    """Write a flame graph and a table of CPU seconds: WHAT.svg and WHAT.txt in build/profile."""
    if what == "import" and network is None and feeds_folder() is None:
        raise click.UsageError("import needs --network FEED, or BUS_SIMULATOR_TEST_FEEDS")
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        raw = Path(name) / "stacks"
        workload = workloads(Path(name), network)[what]
        recorded(workload, Path(name), raw, seconds)
        stacks = read_stacks(raw, within=workload.within)
    lines = list(table(stacks, RATE_HZ))
    (output / f"{what}.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
    drawn = flame_graph(stacks, f"make profile WHAT={what}: {lines[0]}")
    (output / f"{what}.svg").write_text(drawn, encoding="utf-8")
    print(*lines, "", f"flame graph: {output / what}.svg", sep="\n")


def recorded(workload: Workload, folder: Path, raw: Path, seconds: float) -> None:
    """Run a workload below py-spy, which writes the stacks to `raw`. Raises `click.ClickException`."""
    port = free_port() if workload.during is not None else None
    store = f"duckdb:{folder / 'bus.duckdb'}"
    environment = {"PATH": os.defpath, "BUS_SIMULATOR_API_KEY": KEY, "BUS_SIMULATOR_STORE": store}
    options = workload.options if port is None else (*workload.options, "--port", str(port))
    program = [sys.executable, "-m", "bus_simulator", *options]
    spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--format", "raw", "--subprocesses"]
    command = [*spy, "--rate", str(RATE_HZ), "--nonblocking", "--output", str(raw), "--", *program]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as spying:
        if workload.during is not None and port is not None:
            until(lambda: answers(port), "an answer")
            workload.during(port, seconds)
            for child in psutil.Process(spying.pid).children():
                child.send_signal(signal.SIGINT)
        _, said = spying.communicate()
    if spying.returncode or not raw.exists():
        raise click.ClickException(f"py-spy wrote nothing: {said.strip()}")


def free_port() -> int:
    """A port that is free at present."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
