"""The figures of earlier runs (`history.csv`), and the chart of the latest ones."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import cast

from benchmarks.figures import Bound, Figure, share_of_target
from services.reports.bar_chart import Bars, bars_svg

HISTORY = Path(__file__).with_name("history.csv")
CHARTED_RUNS = 3
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """A figure of a run. `load` is the machine's load average before it; empty if it isn't known."""

    date: str
    commit: str
    row: str
    value: str
    unit: str
    floor: str
    ratio: str
    bound: str
    wanted: str
    load: str

    @classmethod
    def of(cls, figure: Figure, *, date: str, commit: str, load: float) -> HistoryEntry:
        """The entry of a figure."""
        numbers = (f"{number:.6g}" for number in (figure.value, figure.floor, figure.ratio, figure.wanted))
        value, floor, ratio, wanted = numbers
        return cls(
            date, commit, figure.row_id, value, figure.unit, floor, ratio, figure.bound, wanted, f"{load:.2f}"
        )

    @property
    def share_of_target(self) -> float:
        """See `Figure.share_of_target`."""
        return share_of_target(float(self.ratio), cast("Bound", self.bound), float(self.wanted))


def append(entries: Iterable[HistoryEntry], path: Path = HISTORY) -> None:
    """Add entries to a history, which is created if missing."""
    is_new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if is_new:
            writer.writerow(field.name for field in fields(HistoryEntry))
        writer.writerows(astuple(entry) for entry in entries)


def read(path: Path = HISTORY) -> Sequence[HistoryEntry]:
    """The entries of a history, oldest first."""
    with path.open(encoding="utf-8", newline="") as file:
        return [HistoryEntry(**line) for line in csv.DictReader(file)]


def chart(entries: Sequence[HistoryEntry]) -> str:
    """Draw for each row the share of its target that the latest runs used, as SVG."""
    runs = list(dict.fromkeys((entry.date, entry.commit) for entry in entries))[-CHARTED_RUNS:]
    rows = list(dict.fromkeys(entry.row for entry in entries if (entry.date, entry.commit) in runs))
    found = {(entry.date, entry.commit, entry.row): entry.share_of_target for entry in entries}
    return bars_svg(
        Bars(
            "Share of the target that is used: met up to 1",
            "",
            [f"{date} {commit}" for date, commit in runs],
            rows,
            [[found.get((*run, row)) for row in rows] for run in runs],
            across="row",
        )
    )


def current_commit() -> str:
    """The short id of the commit that is measured, with `+` if files differ from it."""
    command = ("git", "describe", "--always", "--abbrev=7", "--exclude=*", "--dirty=+")
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
