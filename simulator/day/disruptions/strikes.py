"""Which buses are on strike, for strikes in a part of the day."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.scenario.disruptions import Strike
from simulator.scenario.spans import WHOLE_DAY
from simulator.types import SECOND_MS, BusId


def striking_buses(share: float, buses: int) -> int:
    """How many of a line's buses a share of them is: at least one runs."""
    return max(min(math.floor(share * buses + 0.5), buses - 1), 0)


class Strikes:
    """Strikes of a line that begin or end during the day. Instants are ms from the service day's origin.

    `order` has the line's buses, those first that strike first: of two strikes the larger includes the
    smaller. `whole_day` is the share that strikes all day.
    """

    def __init__(self, order: Sequence[BusId], whole_day: float, strikes: Sequence[Strike]):
        self._place = {bus_id: place for place, bus_id in enumerate(order)}
        self._whole_day, self._strikes = whole_day, strikes
        bounds = {second for strike in strikes for second in (strike.span.start_s, strike.span.end_s)}
        self.instants = sorted(second * SECOND_MS for second in bounds if second != WHOLE_DAY.end_s)
        """When a strike begins or ends."""

    def begun(self, now: int) -> bool:
        """Whether any strike has begun."""
        return bool(self.instants) and self.instants[0] <= now

    def buses_out(self, now: int) -> int:
        """How many buses aren't on strike."""
        second = now / SECOND_MS
        share = max([self._whole_day, *(s.share for s in self._strikes if s.span.holds(second))])
        return len(self._place) - striking_buses(share, len(self._place))

    def strikes(self, bus_id: BusId, now: int) -> bool:
        """Whether a bus is on strike."""
        return self._place[bus_id] < len(self._place) - self.buses_out(now)

    def until(self, bus_id: BusId, now: int) -> int | None:
        """When a bus that is on strike returns to work; None if that isn't known."""
        later = (instant for instant in self.instants if instant > now)
        return next((instant for instant in later if not self.strikes(bus_id, instant)), None)
