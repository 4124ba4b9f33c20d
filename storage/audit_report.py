"""The report of an audit: the findings of each invariant, and the data that could not be checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

MOST_EXAMPLES = 5
TITLES = {
    "I1": "people at a stop are conserved",
    "I2": "loads follow from the visits",
    "I3": "boardings of a trip equal its alightings",
    "I4": "doors are open exactly during visits",
    "I5": "positions name the next stop of the pattern",
    "I6": "buses move along their route, never faster than 90 km/h",
    "I7": "direction changes only at terminals",
    "I8": "cabin air changes slowly, CO2 by mass balance",
    "I9": "the streams agree with each other",
    "I10": "no gap, no duplicate, nothing out of order",
}


@dataclass(slots=True)
class InvariantFinding:
    """The result of one invariant: rows checked, violations, and up to `MOST_EXAMPLES` examples as text."""

    invariant: str
    title: str
    checked: int = 0
    violations: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, what: str, checked: int, violations: int, examples: Sequence[str]) -> None:
        """Add the result of one check of the invariant. `what` is the check's description."""
        self.checked += checked
        self.violations += violations
        room = MOST_EXAMPLES - len(self.examples)
        self.examples += [f"{what}: {example}" for example in examples[:room]]


class AuditedInterval(NamedTuple):
    """An interval [start, end) of a run that was checked."""

    start: datetime
    end: datetime
    run_id: str


@dataclass(slots=True)
class AuditReport:
    """All findings, the number of records read, and why some data could not be checked.

    The audit passes if there are no violations and nothing is missing.
    """

    findings: list[InvariantFinding] = field(
        default_factory=lambda: [InvariantFinding(*each) for each in TITLES.items()]
    )
    records: int = 0
    judged: list[AuditedInterval] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def violations(self) -> int:
        """The violations of all invariants."""
        return sum(finding.violations for finding in self.findings)

    @property
    def passed(self) -> bool:
        """Whether all data could be checked and there are no violations."""
        return not self.missing and not self.violations

    def as_dict(self) -> dict[str, object]:
        """The report as data for JSON; times in ISO 8601."""
        return {
            "passed": self.passed,
            "records": self.records,
            "violations": self.violations,
            "judged": [
                {"start": a.isoformat(), "end": b.isoformat(), "run_id": r} for a, b, r in self.judged
            ],
            "missing": self.missing,
            "invariants": [
                {
                    "invariant": finding.invariant,
                    "title": finding.title,
                    "checked": finding.checked,
                    "violations": finding.violations,
                    "examples": finding.examples,
                }
                for finding in self.findings
            ],
        }
