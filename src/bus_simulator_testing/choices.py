"""The settings of a simulator for a test, and the command line that starts one with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

MORNING = "2026-03-02T07:45:00Z"
"""A quarter to nine in Madrid on an ordinary Monday. Data begin at the whole hour before."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Settings; simulators with equal settings give equal responses.

    `scenario` is a name or a file; its network, seed and start count where these aren't set. `speed` is
    simulated seconds per second, or `max`; with None the clock is paused until the test moves it. `at` is the
    start in ISO 8601, by default `MORNING` or the scenario's; `backfill` is the span of history before it.
    With `timestream` a process serves its data to boto3, which takes a few seconds more to start; a container
    always does. With `postgres` a process keeps its data in a PostgreSQL server of its own.
    """

    scenario: str | Path | None = None
    seed: int | None = None
    speed: float | str | None = None
    network: str | Path | None = None
    at: str | None = None
    backfill: str = "0"
    timestream: bool = False
    postgres: bool = False

    @classmethod
    def of(cls, chosen: Mapping[str, object], defaults: Choices) -> Choices:
        """Return `defaults` with the settings in `chosen`. Raises TypeError for an unknown name."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(chosen) - set(known))
        if unknown:
            raise TypeError(f"a simulator has no setting '{unknown[0]}'; the settings are {', '.join(known)}")
        return replace(defaults, **chosen)  # type: ignore[arg-type]  # names are checked, values by the program

    def command(self) -> list[str]:
        """Return the program's arguments, without addresses, ports and store."""
        named = {
            "--seed": self.seed,
            "--network": self.network,
            "--speed": self.speed,
            "--at": self.at or (None if self.scenario else MORNING),
            "--backfill": self.backfill,
        }
        begin = ["run"] if self.scenario is None else ["replay", str(self.scenario)]
        options = [text for name, value in named.items() if value is not None for text in (name, str(value))]
        return [*begin, *options, "--control", *(["--paused"] if self.speed is None else [])]
