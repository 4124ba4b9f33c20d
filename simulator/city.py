"""A city: the streams of a network, with a seed and perhaps a scenario, for any stretch of time.

Keeps the line-days it has simulated, so that consecutive windows cost little, and simulates missing ones in
parallel processes where there are many.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from threading import Lock

import pyarrow as pa

from simulator.day.line_day_processes import LineDayJob, LineDayProcesses
from simulator.day.trajectory import Trajectory
from simulator.network import Line, Network
from simulator.progress import OnProgress, Progress, ignore_progress
from simulator.scenario.line_changes import Revision
from simulator.scenario.scenario import Scenario
from simulator.service_day import days_between
from simulator.streams.entity_index import EntityIndex
from simulator.streams.weather import Air, other_weather, weather
from simulator.streams.window import window
from simulator.types import LineId, to_ms
from storage.schema import Stream

KEPT_DAYS = 3
"""Line-days kept in memory for each line by default. A weekday of the whole of Madrid takes some 250 MB."""


class City:
    """A network's streams as a function of time. Safe to call from several threads.

    `jobs`: processes that simulate line-days; 1 simulates in this one. `network` has the extra
    buses of the `scenario` already (`Scenario.applied_to`). If it is a part of a network, `whole` is all of
    it: scenarios share a surge among all lines of a stop. `kept_days`: how many line-days stay in memory for
    each line, and no fewer than a window needs; 0 suits windows in ascending order.
    `on_progress` is called as line-days are simulated.
    """

    def __init__(
        self,
        network: Network,
        *,
        seed: int = 1,
        jobs: int = 1,
        scenario: Scenario | None = None,
        whole: Network | None = None,
        on_progress: OnProgress = ignore_progress,
        kept_days: int = KEPT_DAYS,
    ):
        self._lines_of_stop = (whole or network).lines_of_stop
        self.network, self.seed, self._scenario = network, seed, scenario
        self._air = _air(seed, scenario)
        self._entities = EntityIndex(network, seed=seed)
        self._on_progress = on_progress
        self._lock = Lock()
        self._most_kept = kept_days * len(network.lines)
        self._days: OrderedDict[tuple[LineId, date], Trajectory] = OrderedDict()
        self._processes = LineDayProcesses(seed, jobs)

    def window(self, start: datetime, end: datetime, streams: Collection[Stream]) -> dict[Stream, pa.Table]:
        """One batch for each of `streams`: its rows with start ≤ time < end, by (time, key).

        Batches have the schema of `storage.arrow_schema`.
        """
        low, high = to_ms(start), to_ms(end)
        with self._lock:
            days = self._line_days(low, high)
        return window(self._entities, days, low, high, air=self._air, streams=streams)

    def begin(self, start: datetime, end: datetime) -> None:
        """Begin the line-days of [start, end), the newest first, in another process, if they are many.

        The caller can do something else until it needs their windows.
        """
        low, high = to_ms(start), to_ms(end)
        with self._lock:
            wanted = [(line, day) for line in self.network.lines for day in days_between(line, low, high)]
            wanted.sort(key=lambda line_day: line_day[1], reverse=True)
            self._processes.begin([self._job(line, day) for line, day in wanted])

    def days(self, first: date, last: date) -> Sequence[Trajectory]:
        """Every line's service days from `first` to `last`, in the order of lines and dates."""
        count = (last - first).days + 1
        wanted = [
            (line, first + timedelta(days=number)) for line in self.network.lines for number in range(count)
        ]
        with self._lock:
            return self._simulated(wanted)

    def follow(self, scenario: Scenario) -> None:
        """Continue by another scenario with the same extra buses, such as one with more of a run's journal.

        Line-days that it changes in the same way as the one before stay in memory.
        """
        with self._lock:
            before, self._scenario = self._scenario, scenario
            self._air = _air(self.seed, scenario)
            for line_id, day in list(self._days):
                line = self.network.line[line_id]
                if self._revisions(scenario, line, day) != self._revisions(before, line, day):
                    del self._days[line_id, day]

    @property
    def line_days_in_memory(self) -> int:
        """The number of simulated line-days in memory."""
        return len(self._days)

    def close(self) -> None:
        """End the processes, if any."""
        self._processes.close()

    def _line_days(self, start: int, end: int) -> Sequence[Trajectory]:
        """The line-days that own some part of [start, end), in the order of lines and dates."""
        return self._simulated(
            [(line, day) for line in self.network.lines for day in days_between(line, start, end)]
        )

    def _simulated(self, wanted: Sequence[tuple[Line, date]]) -> Sequence[Trajectory]:
        """The `wanted` line-days, from memory or simulated now."""
        missing = [(line, day) for line, day in wanted if (line.line_id, day) not in self._days]
        self._make_room(wanted, len(missing))
        results = self._processes.results([self._job(line, day) for line, day in missing])
        for (line, day), trajectory in zip(missing, self._reported(results, missing), strict=True):
            self._days[line.line_id, day] = trajectory
        return [self._days[line.line_id, day] for line, day in wanted]

    def _make_room(self, wanted: Sequence[tuple[Line, date]], missing: int) -> None:
        """Drop the least recently used line-days for `missing` ones, but none of those `wanted`."""
        for line, day in wanted:
            if (line.line_id, day) in self._days:
                self._days.move_to_end((line.line_id, day))
        while len(self._days) + missing > max(self._most_kept, len(wanted)):
            self._days.popitem(last=False)

    def _reported(
        self, results: Iterable[Trajectory], missing: Sequence[tuple[Line, date]]
    ) -> Iterator[Trajectory]:
        """Hand on the results of the missing line-days, and report after each how many there are."""
        if not missing:
            return
        first, last = (choose(day for _, day in missing) for choose in (min, max))
        work = f"simulating {first}" if first == last else f"simulating {first} to {last}"
        self._on_progress(Progress(work, 0, len(missing), "line-days"))
        for number, result in enumerate(results, 1):
            yield result
            self._on_progress(Progress(work, number, len(missing), "line-days"))

    def _job(self, line: Line, day: date) -> LineDayJob:
        return LineDayJob(line, day, self._revisions(self._scenario, line, day))

    def _revisions(self, scenario: Scenario | None, line: Line, day: date) -> tuple[Revision, ...]:
        return () if scenario is None else scenario.revisions(line, day, self._lines_of_stop)


def _air(seed: int, scenario: Scenario | None) -> Air:
    return partial(weather, seed, other=() if scenario is None else other_weather(scenario))
