"""When an entry applies: in a span of each of the scenario's service days, or once, in a period."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_s` to `end_s` (excluded) of the service day."""

    start_s: int
    end_s: int

    def holds(self, second: float) -> bool:
        """Whether a second of the service day lies in it."""
        return self.start_s <= second < self.end_s


WHOLE_DAY = Span(0, 3 * 86_400)


@dataclass(frozen=True, slots=True)
class Period:
    """From the instant `start` to `end` (excluded): whole seconds, in ms since the epoch; None: unbounded."""

    start: int | None = None
    end: int | None = None

    def holds(self, instant: int) -> bool:
        """Whether an instant lies in it."""
        return (self.start is None or self.start <= instant) and (self.end is None or instant < self.end)
