"""JSON bodies of the clock, its changes, and health: pydantic models for OpenAPI, and functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from services.feeders.feeder import FeederStatus
from services.queries.bodies import Body, ExactModel, Instant
from services.settings import GREATEST_SPEED
from services.times import format_instant
from simulator.clock import Clock
from storage.store import Covered, Run


class RunBody(ExactModel):
    """The inputs that determine every byte of the data."""

    run_id: str
    seed: int
    network_digest: str
    scenario_digest: str
    model_version: str


class FeederBody(ExactModel):
    """A feeder's last tick, and how many simulated seconds of data are due but not yet written."""

    name: str
    last_tick: Instant
    lag_s: float
    state: Literal["running", "waiting for the store", "stopped"]


class StretchBody(ExactModel):
    """An interval [start, end) in which a stream is complete."""

    start: Instant
    end: Instant
    run_id: str


class StreamBody(ExactModel):
    """The number of rows of a stream in the store, and the intervals in which it is complete."""

    rows: int
    coverage: list[StretchBody]


class ClockBody(ExactModel):
    """Simulated time, and simulated seconds per wall second (`max`: as fast as possible; 0: paused)."""

    now: Instant
    rate: float | Literal["max"]
    paused: bool


class RateChange(ExactModel):
    """Run at another rate, even if the clock was paused: simulated seconds per wall second, or `max`."""

    rate: Annotated[float, Field(gt=0, le=GREATEST_SPEED)] | Literal["max"]


class PauseChange(ExactModel):
    """Pause the clock, or run on at the rate before the pause."""

    pause: bool


class StepChange(ExactModel):
    """Pause the clock and advance it by at most a day: seconds, or text such as `30s`, `15m`, `2h`, `1d`."""

    step: Annotated[float, Field(gt=0, le=86_400)] | Annotated[str, Field(pattern="^[0-9]{1,9}[smhdw]$")]


class JumpChange(ExactModel):
    """Move the clock to an instant (ISO 8601, UTC without an offset), forward or back, at the same rate."""

    jump: str


class HealthBody(ExactModel):
    """`healthy`; `degraded` if a feeder lags or has stopped; `unavailable` if the store can't be reached."""

    status: Literal["healthy", "degraded", "unavailable"]
    version: str
    clock: ClockBody
    run: RunBody
    feeders: list[FeederBody]
    streams: dict[str, StreamBody]


def run_body(run: Run) -> Body:
    """A `RunBody`."""
    return {"run_id": run.run_id, **asdict(run)}


def feeder_body(status: FeederStatus) -> Body:
    """A `FeederBody`."""
    return {
        "name": status.name,
        "last_tick": format_instant(status.last_tick),
        "lag_s": status.lag.total_seconds(),
        "state": status.state,
    }


def stream_body(rows: int, coverage: Sequence[Covered]) -> Body:
    """A `StreamBody`."""
    stretches = [
        {"start": format_instant(held.start), "end": format_instant(held.end), "run_id": held.run.run_id}
        for held in coverage
    ]
    return {"rows": rows, "coverage": stretches}


def clock_body(clock: Clock) -> Body:
    """A `ClockBody`."""
    rate = clock.rate
    return {
        "now": format_instant(clock.now()),
        "rate": "max" if math.isinf(rate) else rate,
        "paused": rate == 0,
    }
