"""`line_day`: one line on one service day, simulated by SimPy from first departure to last arrival.

Every trip that departs in the service day is run to its end. A line-day reads no other line's state and no
other day's, so days and lines run in any order and in parallel.
"""

from __future__ import annotations

from datetime import date

from simulator.day.bus import BusDay
from simulator.day.line_state import LineState
from simulator.day.trajectory import Trajectory
from simulator.day.trajectory_builder import assemble
from simulator.network import Line
from simulator.scenario import NO_CHANGES, LineChanges

MODEL_VERSION = "2"
"""Part of a run: changes whenever the same inputs give other bytes."""


def line_day(line: Line, *, seed: int, day: date, changes: LineChanges = NO_CHANGES) -> Trajectory:
    """Simulate `line` on the service day `day`. Pure: equal arguments give equal bytes."""
    state = LineState(line, seed=seed, day=day, changes=changes)
    buses = [
        BusDay(state, bus, state.home_direction(bus.initial_position), runs=bus.bus_id in state.running)
        for bus in line.buses
    ]
    # SimPy runs events of one instant in the order in which their processes began: that order decides who
    # departs first from a terminal, so it must not depend on the order of the network's file.
    for bus_day in sorted(buses, key=lambda b: (b.home, -b.bus.initial_position, b.bus.bus_id)):
        state.env.process(bus_day.process())
    for closed in changes.closed_stops:
        state.env.process(state.close_stop(closed))
    state.env.run()
    return assemble(state, buses)
