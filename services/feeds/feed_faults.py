"""A scenario's wire faults in feeds that clients poll: GTFS-Realtime, SIRI, EMT.

Every answer is a message made of one tick of the positions. A fault hits single buses or whole messages:

- `dropped`: a bus is missing.
- `stuck`: a bus stays as it was when the fault began, with the tick's time.
- `delayed`: a bus is as it was `delay_s` ago, with its time then; if the fault names no buses, it is the
  whole message that was made `delay_s` ago.
- `out_of_order`: the same with two ticks, so that an older message follows a newer one.
- `malformed`: the second half of the message is missing. A fault that names buses hits a message if it hits
  the position of one of them.

To use it in a feed:

    faults = FeedFaults(context.scenario, context.run.seed)
    tick = faults.tick_of("siri/stop-monitoring/S001", tick)          # which tick the message is made of
    positions = faults.positions(tick, read(tick), read)              # read: the positions of a tick
    content = faults.cut("siri/stop-monitoring/S001", tick, content)  # bytes or text, cut if malformed

Without faults each returns its last argument, or the tick, and costs nothing. All are pure: they depend on
scenario, seed, name and tick only, so every client of a replay gets the same. Use the tick that clients would
get without faults for `tick_of` and `cut`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import AnyStr, TypeAlias

from services.live.delivery_faults import hits, service_day
from services.times import floor
from simulator.scenario.scenario import Scenario
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.service_day import origin_ms
from simulator.types import SECOND_MS, to_datetime
from storage.schema import BusPosition

CADENCE = timedelta(seconds=30)
TWO_TICKS = timedelta(seconds=60)
"""How much older a message is that comes out of order: older than the one before it."""
LATE = frozenset((FaultKind.DELAYED, FaultKind.OUT_OF_ORDER))

Positions: TypeAlias = Sequence[BusPosition]


class FeedFaults:
    """The wire faults of a scenario, None for none, in feeds."""

    def __init__(self, scenario: Scenario | None, seed: int) -> None:
        self._scenario, self._seed = scenario, seed
        self._faults = () if scenario is None else tuple(enumerate(scenario.wire_faults))

    def tick_of(self, feed: str, tick: datetime) -> datetime:
        """The tick that the message of a `feed` at a tick is made of: an older one if it is late."""
        late = [
            _age(fault)
            for number, fault in self._faults
            if fault.kind in LATE and not fault.buses and self._hits(number, feed, tick)
        ]
        return tick - max(late, default=timedelta())

    def positions(
        self, tick: datetime, positions: Positions, read: Callable[[datetime], Positions]
    ) -> Positions:
        """The positions of a tick as the feed shows them; `read` gives those of earlier ticks."""
        shown = {position.bus_id: position for position in positions}
        for number, fault in self._faults:
            of_bus = fault.kind in (FaultKind.DROPPED, FaultKind.STUCK) or (
                fault.kind in LATE and fault.buses
            )
            hit = [bus_id for bus_id in shown if self._hits(number, bus_id, tick)] if of_bus else []
            if fault.kind is FaultKind.DROPPED:
                shown = {bus_id: held for bus_id, held in shown.items() if bus_id not in set(hit)}
            elif hit:
                then = {position.bus_id: position for position in read(self._since(fault, tick))}
                stuck = fault.kind is FaultKind.STUCK
                shown |= {
                    bus_id: replace(then[bus_id], time=tick) if stuck else then[bus_id]
                    for bus_id in hit
                    if bus_id in then
                }
        return list(shown.values())

    def cut(self, feed: str, tick: datetime, content: AnyStr) -> AnyStr:
        """The content of a message at a tick, without its second half if a fault hits it."""
        malformed = any(
            any(self._hits(number, name, tick) for name in fault.buses or (feed,))
            for number, fault in self._faults
            if fault.kind is FaultKind.MALFORMED
        )
        return content[: len(content) // 2] if malformed else content

    def _hits(self, number: int, name: str, tick: datetime) -> bool:
        return self._scenario is not None and hits(self._scenario, self._seed, number, name, tick)

    def _since(self, fault: WireFault, tick: datetime) -> datetime:
        """The tick that a bus is shown as of."""
        if fault.kind is not FaultKind.STUCK or self._scenario is None:
            return tick - _age(fault)
        day = service_day(self._scenario, tick, fault)
        if day is None:
            return tick
        began = to_datetime(origin_ms(day) + fault.span.start_s * SECOND_MS)
        return floor(began + CADENCE - timedelta(milliseconds=1), CADENCE)


def _age(fault: WireFault) -> timedelta:
    """How much older a late message is: whole ticks, at least one."""
    if fault.kind is FaultKind.OUT_OF_ORDER:
        return TWO_TICKS
    return max(timedelta(seconds=fault.delay_s) // CADENCE, 1) * CADENCE
