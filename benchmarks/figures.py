"""A benchmark's figures with the floors measured in the same run, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Bound: TypeAlias = Literal["at most", "at least"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table: `value` against `floor` (same unit), and the target ratio.

    `wanted` bounds value ÷ floor: from above for times (`at most`), from below for rates (`at least`).
    `row_id` is the row's name in `--only` and in the history.
    """

    what: str
    value: float
    unit: str
    floor_name: str
    floor: float
    bound: Bound
    wanted: float
    note: str = ""
    row_id: str = field(kw_only=True)

    @property
    def ratio(self) -> float:
        """Value ÷ floor."""
        return self.value / self.floor

    @property
    def met(self) -> bool:
        """Whether the ratio meets the target."""
        return self.ratio <= self.wanted if self.bound == "at most" else self.ratio >= self.wanted

    @property
    def share_of_target(self) -> float:
        """How much of what the target allows is used: up to 1 the target is met, whatever its bound."""
        return share_of_target(self.ratio, self.bound, self.wanted)


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A row without figures: what would be measured, and what is missing for it."""

    what: str
    needs: str
    row_id: str = field(kw_only=True)


Row: TypeAlias = Figure | Unmeasured


def share_of_target(ratio: float, bound: Bound, wanted: float) -> float:
    """The share of a target that a ratio uses; the target is met up to 1."""
    return ratio / wanted if bound == "at most" else wanted / ratio


def median_run(runs: Sequence[Row]) -> Row:
    """The run of one row whose ratio is the median (the lower of the two of an even number of runs).

    Value and floor of a row are from the same run, so that a busy minute changes both.
    """
    figures = sorted((run for run in runs if isinstance(run, Figure)), key=lambda figure: figure.ratio)
    return figures[(len(figures) - 1) // 2] if figures else runs[0]


HEADER = (
    "| row | what | measured | floor or peer | ratio | wanted | met |",
    "|---|---|---|---|---|---|---|",
)


def row(figure: Row) -> str:
    """A figure, or the reason why there is none, as a row of a Markdown table."""
    if isinstance(figure, Unmeasured):
        return f"| `{figure.row_id}` | {figure.what} | not measured: {figure.needs} | | | | |"
    cells = (
        f"`{figure.row_id}`",
        f"{figure.what} ({figure.note})" if figure.note else figure.what,
        f"{figure.value:,.2f} {figure.unit}",
        f"{figure.floor_name}: {figure.floor:,.2f} {figure.unit}",
        f"{figure.ratio:.2f}",
        f"{figure.bound} {figure.wanted:.4g}",
        "yes" if figure.met else "no",
    )
    return f"| {' | '.join(cells)} |"
