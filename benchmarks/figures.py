"""A benchmark's figures with the floors measured in the same run, and the table of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table: `value` against `floor` (same unit), and the target ratio.

    `wanted` bounds value ÷ floor: from above for times (`at most`), from below for rates (`at least`).
    """

    what: str
    value: float
    unit: str
    floor_name: str
    floor: float
    bound: Literal["at most", "at least"]
    wanted: float
    note: str = ""

    @property
    def ratio(self) -> float:
        """Value ÷ floor."""
        return self.value / self.floor

    @property
    def met(self) -> bool:
        """Whether the ratio meets the target."""
        return self.ratio <= self.wanted if self.bound == "at most" else self.ratio >= self.wanted


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """A row without figures: what would be measured, and what is missing for it."""

    what: str
    needs: str


HEADER = (
    "| what | measured | floor or peer | ratio | wanted | met |",
    "|---|---|---|---|---|---|",
)


def row(figure: Figure | Unmeasured) -> str:
    """A figure, or the reason why there is none, as a row of a Markdown table."""
    if isinstance(figure, Unmeasured):
        return f"| {figure.what} | not measured: {figure.needs} | | | | |"
    cells = (
        f"{figure.what} ({figure.note})" if figure.note else figure.what,
        f"{figure.value:,.2f} {figure.unit}",
        f"{figure.floor_name}: {figure.floor:,.2f} {figure.unit}",
        f"{figure.ratio:.2f}",
        f"{figure.bound} {figure.wanted:g}",
        "yes" if figure.met else "no",
    )
    return f"| {' | '.join(cells)} |"
