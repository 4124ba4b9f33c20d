"""What was found in input that is used all the same: what was left out, understood or assumed.

Problems (`simulator.files.problems`) stop the work; findings don't.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """A warning costs something or is likely a mistake; a note only says what was assumed."""

    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found in `count` places of a file, of which `lines` has the first ones (from 1).

    `code` names the kind for programs; `message` describes the first place and what was done about it.
    `trips` is how many trips it cost.
    """

    code: str
    file: str
    message: str
    lines: Sequence[int] = ()
    count: int = 1
    trips: int = 0
    severity: Severity = Severity.WARNING

    @property
    def line(self) -> int:
        """The first place's line; 1 for what isn't in one place."""
        return self.lines[0] if self.lines else 1

    def __str__(self) -> str:
        more = f" ({self.count - 1:,} more like this)" if self.count > 1 else ""
        place = f"{self.file}:{self.line}" if self.file else ""
        return f"{place}: {self.message}{more}" if place else f"{self.message}{more}"
