"""A benchmark's figures with the floors measured in the same run, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
    target: float | None = field(default=None, kw_only=True)
    """A target in seconds or milliseconds, which is the floor once it is scaled to this machine."""

    def scaled(self, slowness: float) -> Figure:
        """The figure with its target in seconds scaled to a machine so many times as slow as the reference.

        One with another floor, which was measured here, stays as it is.
        """
        return self if self.target is None else replace(self, floor=self.target * slowness)

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


def timed(what: str, value: float, unit: str, target: float, note: str = "", *, row_id: str) -> Figure:
    """A row with a target in seconds or milliseconds on the reference machine."""
    named = f"{target:g} {unit} on the reference machine, here"
    return Figure(what, value, unit, named, target, "at most", 1, note, row_id=row_id, target=target)


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
        _ratio(figure),
        f"{figure.bound} {figure.wanted:.4g}",
        "yes" if figure.met else "no",
    )
    return f"| {' | '.join(cells)} |"


def _ratio(figure: Figure) -> str:
    """Value ÷ floor; for a target in seconds also value ÷ target, as if this were the reference machine."""
    if figure.target is None:
        return f"{figure.ratio:.2f}"
    return f"{figure.ratio:.2f} (unscaled {figure.value / figure.target:.2f})"
