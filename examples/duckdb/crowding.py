"""Where people are left behind: DuckDB over a day of exported Parquet files.

    API_KEY=… python crowding.py [--url http://127.0.0.1:8080] [--hours 24] [--folder export]

A file that is there already is not fetched again.
"""

from __future__ import annotations

import argparse
import os
from datetime import timedelta
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from bus_simulator_client import BusSimulatorError, Client

STREAMS = ("stop_visit", "people_count")
QUESTIONS = {
    "Boardings by hour in Madrid": """
        SELECT hour(time AT TIME ZONE 'Europe/Madrid') AS hour, sum(boarding) AS boardings,
               sum(left_behind) AS left_behind, round(avg(passenger_count), 1) AS mean_load
        FROM stop_visit GROUP BY hour ORDER BY hour""",
    "Lines by people left behind": """
        SELECT line_id, count(DISTINCT trip_id) AS trips, sum(boarding) AS boardings,
               sum(left_behind) AS left_behind, max(passenger_count) AS greatest_load
        FROM stop_visit GROUP BY line_id ORDER BY left_behind DESC, line_id LIMIT 12""",
    "Stops with the most people waiting": """
        SELECT stop_id, any_value(line_ids) AS lines, max(count) AS most,
               round(avg(count), 1) AS mean, arg_max(time, count) AT TIME ZONE 'Europe/Madrid' AS at
        FROM people_count GROUP BY stop_id ORDER BY most DESC, stop_id LIMIT 8""",
}


def fetch(client: Client, folder: Path, hours: float) -> None:
    """Export the last hours of each stream into a file."""
    end = client.health().clock.now
    folder.mkdir(exist_ok=True)
    for stream in STREAMS:
        target = folder / f"{stream}.parquet"
        if not target.exists():
            client.export(stream, start=end - timedelta(hours=hours), end=end, to=target)


def answers(folder: Path) -> list[Table]:
    """Answer each question by SQL over the files."""
    tables = []
    with duckdb.connect() as database:
        for stream in STREAMS:
            database.execute(f"CREATE VIEW {stream} AS FROM '{folder / stream}.parquet'")
        for question, sql in QUESTIONS.items():
            found = database.execute(sql)
            table = Table(*[column[0] for column in found.description], title=question, title_justify="left")
            for row in found.fetchall():
                table.add_row(*map(str, row))
            tables.append(table)
    return tables


def main() -> None:
    """Fetch what is missing and print the answers; with `--svg FILE` also into a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("API_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--key", default=os.environ.get("API_KEY", ""))
    parser.add_argument("--group", default=os.environ.get("GROUP_NAME", "me"))
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--folder", type=Path, default=Path("export"))
    parser.add_argument("--svg", type=Path)
    options = parser.parse_args()
    console = Console(record=options.svg is not None, width=72 if options.svg else None)
    try:
        with Client(options.url, options.key, options.group) as client:
            fetch(client, options.folder, options.hours)
    except (BusSimulatorError, ValueError) as error:
        parser.exit(1, f"{error}\n")
    console.print(*answers(options.folder), sep="\n")
    if options.svg is not None:
        console.save_svg(str(options.svg), title="crowding.py")


if __name__ == "__main__":
    main()
