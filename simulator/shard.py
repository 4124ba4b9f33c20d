"""A shard of a city: the part of each stream that one of several processes makes.

Positions, visits and buses' sensors are divided by lines; people counts and stops' sensors by stops, cut into
strips from west to east, so that few lines serve several strips. For people counts a shard simulates every
line that serves its stops. Every process computes the same shards, and together they have each row once.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from simulator.city import City
from simulator.network import Network
from simulator.progress import OnProgress, ignore_progress
from simulator.scenario.scenario import Scenario
from storage.schema import SCHEMAS, Stream

MOST_SHARDS = 100


@dataclass(frozen=True, slots=True)
class Shard:
    """Shard `number` (from 1) `of` so many. ValueError for an impossible one."""

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of <= MOST_SHARDS:
            raise ValueError(f"'{self}' is not a shard; write for example 1/3 (at most {MOST_SHARDS} shards)")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    def lines(self, network: Network) -> frozenset[str]:
        """The ids of its lines: every `of`th."""
        return frozenset(line.line_id for line in network.lines[self.number - 1 :: self.of])

    def stops(self, network: Network) -> frozenset[str]:
        """The ids of its stops: a strip from north to south, about as many stops as in the other shards."""
        eastward = sorted(network.stops, key=lambda stop: (stop.longitude, stop.stop_id))
        first, after = (len(eastward) * number // self.of for number in (self.number - 1, self.number))
        return frozenset(stop.stop_id for stop in eastward[first:after])


def parse_shard(text: str) -> Shard:
    """The shard that a text like `1/3` names. ValueError for anything else."""
    found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text.strip(), re.ASCII)
    if found is None:
        raise ValueError(f"'{text}' is not a shard; write for example 1/3")
    return Shard(int(found[1]), int(found[2]))


class ShardedCity:
    """A shard's rows of a city: see `simulator.city.City`. Safe to call from several threads."""

    def __init__(
        self,
        network: Network,
        shard: Shard,
        *,
        seed: int = 1,
        jobs: int = 1,
        scenario: Scenario | None = None,
        on_progress: OnProgress = ignore_progress,
    ) -> None:
        lines, stops = shard.lines(network), shard.stops(network)
        serving = {line_id for stop_id in stops for line_id in network.lines_of_stop[stop_id]}
        buses = {bus.bus_id for line in network.lines if line.line_id in lines for bus in line.buses}
        parts = (part_of_network(network, lines, stops), part_of_network(network, serving, stops))
        self._by_lines, self._by_stops = (
            City(each, seed=seed, jobs=jobs, scenario=scenario, whole=network, on_progress=on_progress)
            for each in parts
        )
        self._kept = {
            Stream.PEOPLE_COUNT: pa.array(sorted(stops), pa.string()),
            Stream.SENSOR_DATA: pa.array(sorted(buses | stops), pa.string()),
        }

    def window(self, start: datetime, end: datetime, streams: Collection[Stream]) -> dict[Stream, pa.Table]:
        """The shard's rows of each of `streams`, with start ≤ time < end, by (time, key)."""
        by_stops = [stream for stream in streams if stream is Stream.PEOPLE_COUNT]
        by_lines = [stream for stream in streams if stream is not Stream.PEOPLE_COUNT]
        batches = self._by_lines.window(start, end, by_lines) if by_lines else {}
        if by_stops:
            batches |= self._by_stops.window(start, end, by_stops)
        return {stream: self._own(stream, batches[stream]) for stream in streams}

    def follow(self, scenario: Scenario) -> None:
        """Continue by another scenario; see `City.follow`."""
        self._by_lines.follow(scenario)
        self._by_stops.follow(scenario)

    def close(self) -> None:
        """End the processes, if any."""
        self._by_lines.close()
        self._by_stops.close()

    def _own(self, stream: Stream, rows: pa.Table) -> pa.Table:
        """The rows of the shard's own entities."""
        if stream not in self._kept:
            return rows
        entities = rows.column(SCHEMAS[stream].entity).cast(pa.string())
        return rows.filter(pc.is_in(entities, value_set=self._kept[stream]))


def part_of_network(network: Network, lines: Collection[str], stops: Collection[str]) -> Network:
    """The network of some lines, with the stops that they serve and some other `stops`."""
    chosen = tuple(line for line in network.lines if line.line_id in lines)
    wanted = {stop_id for line in chosen for stop_id in line.stop_ids} | set(stops)
    return Network(chosen, tuple(stop for stop in network.stops if stop.stop_id in wanted), network.name)
