"""Faults of a scenario in the delivery of live positions; what the store holds stays correct.

Whether a fault hits a position depends only on its bus and time, so every replay has the same faults,
whatever clients are connected. Positions that were hit and had a subscriber are logged in a file.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from services.times import format_instant
from simulator.randomness.keys import random_key
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import WHOLE_DAY
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.service_day import MADRID, origin_ms
from simulator.types import SECOND_MS, to_ms
from storage.schema import BusPosition

Tick: TypeAlias = Sequence[BusPosition]
Log: TypeAlias = Callable[[str], None]
"""Writes a line into the fault log."""


@dataclass(slots=True)
class _Late:
    """A delayed position, not to be sent before `due`."""

    position: BusPosition
    due: datetime


@dataclass(slots=True)
class DeliveryFaults:
    """Applies a scenario's faults to positions between feeder and clients. It belongs to one event loop.

    `position_text` is how a position without a fault is sent.
    """

    scenario: Scenario
    seed: int
    log: Log
    position_text: Callable[[BusPosition], str]
    _stuck: dict[tuple[int, str], BusPosition] = field(default_factory=dict)
    _late: deque[_Late] = field(default_factory=deque)
    _waiting: dict[str, BusPosition] = field(default_factory=dict)
    _cut: set[tuple[str, datetime]] = field(default_factory=set)

    def disturbed(self, tick: Tick) -> Iterator[Tick]:
        """Yield what to send instead of a tick: delayed positions, the tick's own, those out of order.

        Send each before taking the next; otherwise a bus's newer position would replace its older one in the
        outbox.
        """
        if not tick:
            return
        now = tick[0].time
        self._cut = {(bus_id, time) for bus_id, time in self._cut if time >= now - timedelta(minutes=1)}
        overdue = [late.position for late in self._late if late.due <= now]
        self._late = deque(late for late in self._late if late.due > now)
        if overdue:
            yield overdue
        after = {p.bus_id: self._waiting.pop(p.bus_id) for p in tick if p.bus_id in self._waiting}
        yield [passed for position in tick if (passed := self._passed(position)) is not None]
        if after:
            yield list(after.values())

    def text_of(self, position: BusPosition) -> str:
        """A position as JSON text, cut in half if it is hit by `malformed`."""
        text = self.position_text(position)
        if (position.bus_id, position.time) not in self._cut:
            return text
        return text[: len(text) // 2]

    def forget(self) -> None:
        """Drop delayed and held positions, after a jump of simulated time."""
        self._stuck.clear()
        self._late.clear()
        self._waiting.clear()

    def _passed(self, position: BusPosition) -> BusPosition | None:
        """A position after all faults that hit it, None if it isn't sent in this tick."""
        passed = position
        for number, fault in enumerate(self.scenario.wire_faults):
            if not hits(self.scenario, self.seed, number, position.bus_id, position.time):
                self._stuck.pop((number, position.bus_id), None)
                continue
            self._note(fault, position)
            match fault.kind:
                case FaultKind.STUCK:
                    first = self._stuck.setdefault((number, position.bus_id), passed)
                    passed = replace(first, time=position.time)
                case FaultKind.DROPPED:
                    return None
                case FaultKind.DELAYED:
                    self._late.append(_Late(passed, position.time + timedelta(seconds=fault.delay_s)))
                    return None
                case FaultKind.OUT_OF_ORDER:
                    self._waiting[position.bus_id] = passed
                    return None
                case FaultKind.MALFORMED:
                    self._cut.add((position.bus_id, position.time))
        return passed

    def _note(self, fault: WireFault, position: BusPosition) -> None:
        what = {
            "time": format_instant(position.time),
            "fault": fault.kind.value,
            "bus_id": position.bus_id,
            "line_id": position.line_id,
        }
        self.log(json.dumps(what, ensure_ascii=False))


def hits(scenario: Scenario, seed: int, number: int, bus_id: str, instant: datetime) -> bool:
    """Whether the scenario's fault of a `number` hits the position of a bus at an instant.

    The chance is keyed, so that feeds and live messages drop the same positions.
    """
    fault = scenario.wire_faults[number]
    if fault.buses and bus_id not in fault.buses:
        return False
    day = service_day(scenario, instant, fault)
    if day is None:
        return False
    stuck = fault.kind is FaultKind.STUCK
    moment = day.isoformat() if stuck else format_instant(instant)
    key = random_key(seed, f"wire/{number}/{fault.kind}", bus_id, moment)
    return key < fault.share * 2**64


def service_day(scenario: Scenario, instant: datetime, fault: WireFault) -> date | None:
    """The day of the scenario whose span of a fault includes an instant, None if there is none.

    A span may end after midnight, so an instant may belong to the day before.
    """
    today = instant.astimezone(MADRID).date()
    if fault.period is not None:
        return today if fault.period.holds(to_ms(instant)) else None
    for day in (today, today - timedelta(days=1)):
        second = (to_ms(instant) - origin_ms(day)) / SECOND_MS
        is_meant = fault.span.holds(second) and (day == today or fault.span != WHOLE_DAY)
        if is_meant and scenario.touches(day):
            return day
    return None


class FaultLog:
    """A file with one line of JSON for each fault."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write(self, line: str) -> None:
        """Append a line and flush it."""
        self._file.write(line + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
