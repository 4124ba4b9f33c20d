"""A board of the whole network in the terminal: lines by crowding, buses, people waiting. Two requests a tick.

API_KEY=… python board.py [--url http://127.0.0.1:8080] [--group me] [--rows 30]
"""

from __future__ import annotations

import argparse
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from bus_simulator_client import BusPosition, BusSimulatorError, Client, PeopleCount, Snapshot

TICK_S = 30
FULL, CROWDED = 0.8, 0.5
BAR = 20
MADRID = ZoneInfo("Europe/Madrid")


@dataclass
class LineNow:
    """A line's buses in service and the people at its stops."""

    buses: list[BusPosition] = field(default_factory=list)
    waiting: int = 0

    @property
    def aboard(self) -> int:
        """The people in its buses."""
        return sum(bus.passenger_count for bus in self.buses)

    @property
    def load(self) -> float:
        """The share of all places that is taken, from 0 to 1."""
        places = sum(bus.capacity or 0 for bus in self.buses)
        return self.aboard / places if places else 0.0


def lines_now(positions: Snapshot[BusPosition], counts: Snapshot[PeopleCount]) -> dict[str, LineNow]:
    """Group a tick by line. People at a stop of several lines count for each."""
    lines: defaultdict[str, LineNow] = defaultdict(LineNow)
    for bus in positions:
        if bus.trip_id:  # parked buses have none
            lines[bus.line_id].buses.append(bus)
    for stop in counts:
        for line_id in stop.line_ids.split(","):
            lines[line_id].waiting += stop.count
    return lines


def board(lines: dict[str, LineNow], names: dict[str, str], when: datetime, rows: int) -> Table:
    """Draw the most crowded lines, and the sums of all."""
    in_service = [bus for line in lines.values() for bus in line.buses]
    aboard = sum(bus.passenger_count for bus in in_service)
    table = Table(
        title=f"Madrid, {when.astimezone(MADRID):%a %d %b %Y, %H:%M:%S}",
        caption=f"{len(in_service)} buses in service, {aboard} people aboard, {len(lines)} lines",
        expand=True,
        box=box.SIMPLE_HEAD,
    )
    table.add_column("Line", min_width=4, no_wrap=True)
    table.add_column("", ratio=1, no_wrap=True)
    for heading in ("Buses", "Aboard"):
        table.add_column(heading, justify="right", min_width=len(heading))
    table.add_column("Load", width=BAR)
    table.add_column("Waiting", justify="right", min_width=7)
    crowded = sorted(lines.items(), key=lambda item: (-item[1].load, item[0]))
    for line_id, line in crowded[:rows]:
        colour = "red" if line.load > FULL else "yellow" if line.load > CROWDED else "green"
        bar = ProgressBar(
            total=1, completed=line.load, width=24, complete_style=colour, finished_style=colour
        )
        cells = str(len(line.buses)), str(line.aboard), bar, str(line.waiting)
        table.add_row(f"[bold]{line_id}", names.get(line_id, ""), *cells)
    return table


def now(client: Client, names: dict[str, str], rows: int) -> Table:
    """Ask for everything at once and draw it."""
    positions, counts = client.bus_positions(), client.people_counts()
    return board(lines_now(positions, counts), names, positions.time, rows)


def main() -> None:
    """Draw the board at every tick until Ctrl-C; with `--svg FILE` draw it once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("API_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--key", default=os.environ.get("API_KEY", ""))
    parser.add_argument("--group", default=os.environ.get("GROUP_NAME", "me"))
    parser.add_argument("--rows", type=int, default=30, help="lines to show")
    parser.add_argument("--svg", type=Path, help="draw once, into a file")
    options = parser.parse_args()
    console = Console(record=options.svg is not None, width=88 if options.svg else None)
    try:
        with Client(options.url, options.key, options.group) as client:
            names = {line.line_id: line.name for line in client.lines()}
            if options.svg is not None:
                console.print(now(client, names, options.rows))
                console.save_svg(str(options.svg), title="board.py")
                return
            with Live(now(client, names, options.rows), console=console) as live:
                while True:
                    time.sleep(TICK_S)
                    live.update(now(client, names, options.rows))
    except (BusSimulatorError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
