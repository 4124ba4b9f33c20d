"""The clock shared by all parts: a JSON parameter of AWS Systems Manager.

    {"anchor": "2026-03-02T07:30:00Z", "wall_anchor": "2026-11-25T03:30:00.250Z", "rate": 60, "paused": false,
     "course": 1, "course_start": "2026-03-02T07:30:00Z", "changes": 3}

At wall time `wall_anchor` the simulated time is `anchor`; without them simulated time is wall time. `rate` is
simulated seconds per second. `course` rises with every jump, `changes` with every change: followers ignore a
state with fewer `changes` than their own, which is an old one put back.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.background import background
from services.refreshed_value import RefreshedValue
from services.settings import GREATEST_SPEED
from services.times import parse_instant
from simulator.clock import Clock, ClockState, Course
from storage.errors import DependencyInvalid, DependencyUnavailable
from storage.instants import EPOCH

if TYPE_CHECKING:
    from types_boto3_ssm.client import SSMClient

log = logging.getLogger("bus_simulator.clock")

POLL_S = 1.0
FIELDS = frozenset({"anchor", "wall_anchor", "rate", "paused", "course", "course_start", "changes"})


def clock_state_to_json(state: ClockState) -> str:
    """Encode a state as the parameter's value."""
    return json.dumps(
        {
            "anchor": _exact(state.anchor),
            "wall_anchor": _exact(datetime.fromtimestamp(state.anchor_wall, UTC)),
            "rate": state.pace,
            "paused": state.paused,
            "course": state.course.number,
            "course_start": _exact(state.course.start),
            "changes": state.changes,
        }
    )


def clock_state_from_json(text: str) -> ClockState:
    """Decode the parameter's value. Raises ValueError, whose message says what is wrong."""
    found = json.loads(text)
    if not isinstance(found, dict) or not found.keys() <= FIELDS:
        raise ValueError(f"expected a JSON object with some of {', '.join(sorted(FIELDS))}")
    if ("anchor" in found) != ("wall_anchor" in found):
        raise ValueError("anchor and wall_anchor go together")
    wall = _instant(found, "wall_anchor", EPOCH)
    anchor = _instant(found, "anchor", wall)
    rate, paused = found.get("rate", 1), found.get("paused", False)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate <= GREATEST_SPEED:
        raise ValueError(f"rate must be a number more than 0 and at most {GREATEST_SPEED:,.0f}")
    if not isinstance(paused, bool):
        raise ValueError("paused must be true or false")
    if wall == EPOCH and (rate != 1 or paused):
        raise ValueError("a rate other than 1, and paused, need anchor and wall_anchor")
    course = Course(_number(found, "course"), _instant(found, "course_start", anchor))
    return ClockState(anchor, wall.timestamp(), float(rate), paused, course, _number(found, "changes"))


class SsmClockParameter:
    """The parameter `name` of Systems Manager."""

    def __init__(self, client: SSMClient, name: str) -> None:
        self._client, self._name = client, name

    def read(self) -> ClockState:
        """Read the state. Raises `DependencyUnavailable`; `DependencyInvalid` for any other value."""
        try:
            text = self._client.get_parameter(Name=self._name)["Parameter"]["Value"]
        except (BotoCoreError, ClientError) as error:
            raise DependencyUnavailable(f"the clock {self._name} can't be read: {error}") from error
        try:
            return clock_state_from_json(text)
        except (ValueError, OverflowError) as error:
            raise DependencyInvalid(f"the parameter {self._name} is not a clock: {error}") from error

    def write(self, state: ClockState) -> None:
        """Write a state. Raises `DependencyUnavailable`."""
        try:
            self._client.put_parameter(
                Name=self._name, Value=clock_state_to_json(state), Type="String", Overwrite=True
            )
        except (BotoCoreError, ClientError) as error:
            raise DependencyUnavailable(f"the clock {self._name} can't be written: {error}") from error


class SsmClock(Clock):
    """A clock that takes over the parameter's state with each `follow`; wall time until the first.

    With `keeps` it writes its own state back when it finds an older one: LocalStack was restarted and has
    lost the changes since.
    """

    def __init__(self, parameter: SsmClockParameter, *, keeps: bool = False) -> None:
        super().__init__()
        self.parameter, self._keeps = parameter, keeps
        self._followed: ClockState | None = None
        # Without it a thread that has read the state before a change could put it back after the change.
        self._taking = Lock()

    def follow(self) -> ClockState:
        """Read the parameter and take its state over. Raises what `SsmClockParameter.read` does."""
        found = self.parameter.read()
        with self._taking:
            is_old = self._followed is not None and found.changes < self.changes
            if not is_old and found != self._followed:
                self._take(found)
        if is_old and self._keeps:
            self.parameter.write(self.state)
        return self.state

    def share(self, before: ClockState) -> None:
        """Write this clock's state to the parameter. If that fails, go back to `before`.

        Raises `DependencyUnavailable`.
        """
        # Rounded to the microsecond, as the other parts will read it.
        shared = clock_state_from_json(clock_state_to_json(self.state))
        try:
            self.parameter.write(shared)
        except DependencyUnavailable:
            self.take(before)
            raise
        with self._taking:
            self._take(shared)

    def _take(self, state: ClockState) -> None:
        self._followed = state
        self.take(state)


def refreshed_state(
    clock: SsmClock, *, refresh_s: float = POLL_S, now_s: Callable[[], float] = time.monotonic
) -> RefreshedValue[ClockState]:
    """The clock's state; reading it follows the parameter. If that fails the clock keeps running."""

    def log_first(error: Exception) -> None:
        if not state.is_failing:
            log.warning("clock parameter not read, the clock runs on: %s", error)

    state = RefreshedValue(
        clock.follow,
        errors=(DependencyUnavailable, DependencyInvalid),
        on_error=log_first,
        initial=clock.state,
        refresh_s=refresh_s,
        now_s=now_s,
    )
    return state


@contextmanager
def following(clock: SsmClock) -> Iterator[SsmClock]:
    """Follow the parameter every second in a thread; on exit close the clock."""
    state = refreshed_state(clock)

    def poll() -> None:
        while clock.rest(POLL_S):
            state.refresh()

    with background(poll, name="clock-parameter", stop=clock.close):
        yield clock


def _exact(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()


def _instant(found: Mapping[str, object], name: str, default: datetime) -> datetime:
    value = found.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise ValueError(f"{name} must be an ISO 8601 time")
    return parse_instant(value)


def _number(found: Mapping[str, object], name: str) -> int:
    value = found.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} must be a whole number, 0 or more")
    return value
