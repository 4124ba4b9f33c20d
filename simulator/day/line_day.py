"""`line_day`: one line on one service day, simulated by SimPy from first departure to last arrival.

Every trip that departs in the service day is run to its end. A line-day reads no other line's state and no
other day's, so days and lines run in any order and in parallel.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date

from simulator.day.bus import BusDay
from simulator.day.disruptions.past import NO_PAST
from simulator.day.line_state import LineState
from simulator.day.trajectory import Trajectory
from simulator.day.trajectory_builder import assemble, known_past
from simulator.network import Line
from simulator.scenario.line_changes import NO_CHANGES, LineChanges, Revision
from simulator.service_day import origin_ms

MODEL_VERSION = "2"
"""Part of a run: changes whenever the same inputs give other bytes."""


def line_day(line: Line, *, seed: int, day: date, changes: LineChanges = NO_CHANGES) -> Trajectory:
    """Simulate `line` on the service day `day`. Pure: equal arguments give equal bytes."""
    return assemble(*_simulated(LineState(line, seed=seed, day=day, changes=changes)))


def revised_line_day(line: Line, *, seed: int, day: date, revisions: Sequence[Revision]) -> Trajectory:
    """Simulate a line's service day whose changes became known one after the other.

    Each revision leaves everything as it was before its instant. So the day is simulated once for each, with
    what the simulations before it have fixed.
    """
    past, origin = NO_PAST, origin_ms(day, line.timezone)
    for revision, following in itertools.pairwise(revisions):
        state = LineState(line, seed=seed, day=day, changes=revision.changes, past=past)
        past = known_past(*_simulated(state), following.since - origin)
    return assemble(
        *_simulated(LineState(line, seed=seed, day=day, changes=revisions[-1].changes, past=past))
    )


def _simulated(state: LineState) -> tuple[LineState, list[BusDay]]:
    """Run a line-day; its buses are home then."""
    buses = [
        BusDay(state, bus, state.home_direction(bus.initial_position), runs=bus.bus_id in state.running)
        for bus in state.line.buses
    ]
    changes = state.changes
    if changes.strikes or changes.control_changes:
        state.env.process(state.change_dispatch())
    for known in sorted({each.known for each in state.past.gave_up}):
        state.env.process(state.forget(known))
    # SimPy runs events of one instant in the order in which their processes began: that order decides who
    # departs first from a terminal, so it must not depend on the order of the network's file.
    for bus_day in sorted(buses, key=lambda b: (b.home, -b.bus.initial_position, b.bus.bus_id)):
        state.env.process(bus_day.process())
    for closed in changes.closed_stops:
        state.env.process(state.close_stop(closed))
    state.env.run()
    return state, buses
