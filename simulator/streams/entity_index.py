"""The entities of a network as sorted ids, and each line's buses and stops as indices into them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.day.trajectory import Ints
from simulator.network import Network
from simulator.randomness.keys import random_key
from simulator.randomness.random_numbers import Bits


class EntityIndex:
    """Sorted ids, and for each line the indices of its buses and stops among them.

    `buses_of[line_id]` is in the order of `Line.buses`, `stops_of[line_id]` in that of the line's sorted stop
    ids. `sensors` are (id, "bus" | "stop") of everything with sensors; `bus_entity` and `stop_entity` are the
    buses' and the stops' places among them. `line_texts[line_text[i]]` is `line_ids` of stop i.
    """

    def __init__(self, network: Network, *, seed: int):
        self.buses = sorted(network.line_of_bus)
        self.stops = [str(stop.stop_id) for stop in network.stops]
        self.lines = [str(line.line_id) for line in network.lines]
        self._seed = seed
        bus, stop = _index(self.buses), _index(self.stops)
        self.buses_of = {
            line.line_id: np.array([bus[b.bus_id] for b in line.buses]) for line in network.lines
        }
        self.stops_of = {
            line.line_id: np.array([stop[s] for s in sorted(line.stop_ids)]) for line in network.lines
        }
        self.line_of_bus = np.empty(len(self.buses), np.int64)
        for index, line in enumerate(network.lines):
            self.line_of_bus[self.buses_of[line.line_id]] = index
        self.sensors = sorted([(b, "bus") for b in self.buses] + [(s, "stop") for s in self.stops])
        self.is_stop = np.array([kind == "stop" for _, kind in self.sensors])
        self.bus_entity, self.stop_entity = np.flatnonzero(~self.is_stop), np.flatnonzero(self.is_stop)
        texts = [",".join(network.lines_of_stop[s]) for s in self.stops]
        self.line_texts = sorted(set(texts))
        text = _index(self.line_texts)
        self.line_text: Ints = np.array([text[t] for t in texts])
        self._keys: dict[str, Bits] = {}

    def bus_keys(self, purpose: str) -> Bits:
        """The keyed streams of all buses for a purpose, shape (buses, 1)."""
        return self._keyed(purpose, self.buses)

    def stop_keys(self, purpose: str) -> Bits:
        """The keyed streams of all stops for a purpose, shape (stops, 1)."""
        return self._keyed(purpose, self.stops)

    def _keyed(self, purpose: str, names: Sequence[str]) -> Bits:
        if purpose not in self._keys:
            keys = [[random_key(self._seed, purpose, name)] for name in names]
            self._keys[purpose] = np.array(keys, np.uint64)
        return self._keys[purpose]


def _index(names: Sequence[str]) -> dict[str, int]:
    return {name: i for i, name in enumerate(names)}
