"""What a simulator in a test is to be like, and the command that makes it so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

MORNING = "2026-03-02T07:45:00Z"
"""A quarter to nine in Madrid, on an ordinary Monday; the hour that it is in is there from its beginning."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen; every simulator of equal choices answers the same.

    `scenario` is a name or a file, whose network, seed and start count where they aren't chosen. `speed`
    is simulated seconds a second, or `max`; None lets the clock stand until it is moved. `at` is ISO 8601,
    without a scenario a quarter to nine on an ordinary Monday; `backfill` is history before that hour. With
    `timestream` a process has its data where boto3 can ask for them, which takes a few seconds more; a
    container always has.
    """

    scenario: str | Path | None = None
    seed: int | None = None
    speed: float | str | None = None
    network: str | Path | None = None
    at: str | None = None
    backfill: str = "0"
    timestream: bool = False

    @classmethod
    def of(cls, chosen: Mapping[str, object], defaults: Choices) -> Choices:
        """`defaults` but for what is chosen by name. Raises TypeError for a name that isn't among them."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(chosen) - set(known))
        if unknown:
            raise TypeError(f"a simulator has no '{unknown[0]}' to choose; there are {', '.join(known)}")
        return replace(defaults, **chosen)  # type: ignore[arg-type]  # names are checked, values by the program

    def command(self) -> list[str]:
        """The program's arguments, without addresses, ports and store."""
        named = {
            "--seed": self.seed,
            "--network": self.network,
            "--speed": self.speed,
            "--at": self.at or (None if self.scenario else MORNING),
            "--backfill": self.backfill,
        }
        begin = ["run"] if self.scenario is None else ["replay", str(self.scenario)]
        options = [text for name, value in named.items() if value is not None for text in (name, str(value))]
        return [*begin, *options, "--clock-control", *(["--paused"] if self.speed is None else [])]
