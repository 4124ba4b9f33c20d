"""A network's weekday as SUMO's input files, with the model's lines, stops, trips and people.

Roads: each stop is an edge with a bus stop along all of it; another edge, of the distance less that, leads
from a stop to the next one of a pattern. Nothing but buses is on them. A vehicle is a trip, as SUMO's own
GTFS tool has it: it leaves the terminal when it did in the model, serves every stop, and is gone at the
other end. A person is one who boarded in the model: comes to the stop in the gap that the bus closed, waits
for any bus of the line in that direction, and rides as far; who boarded first gets off first.

Formats: sumo.dlr.de, "Networks/PlainXML", "Simulation/Public Transport", "Specification/Persons".
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import cos, radians
from pathlib import Path

from simulator.day.trajectory import Trajectory
from simulator.network import Line, Network, Stop
from simulator.service_day import origin_ms

STOP_M, LEAST_M = 60.0, 10.0
"""Length of a stop's edge, and of the shortest edge between stops."""
DEGREE_M = 111_195.0
DEFAULT_KMH = 30.0
DWELL_S, BOARD_S = 10, 2.0
EARLY_S = 60
"""A bus is at the terminal so long before it departs."""
LONGEST_WAIT_S, FIRST_WAIT_S = 1800.0, 600.0

Ends = tuple[int, int]
Roads = Mapping[Ends, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class SumoCall:
    """A visit of the model: the stop's index, second of the service day at departure, people on and off."""

    trip: int
    direction: int
    stop: int
    leaves_s: float
    boarding: int
    alighting: int


@dataclass(frozen=True, slots=True)
class SumoRide:
    """A passenger: arrival time and stop, the lines they wait for, and where they alight."""

    comes_s: float
    stop: int
    service: str
    to: int


@dataclass(frozen=True, slots=True)
class SumoInput:
    """The numbers of trips and people written."""

    trips: int
    people: int


def write_input(network: Network, days: Iterable[Trajectory], day: date, folder: Path) -> SumoInput:
    """Write a network's line-days on `day` into a folder: roads, stops, `trips.xml` and `people.xml`."""
    index = {str(stop.stop_id): number for number, stop in enumerate(network.stops)}
    roads = _roads(network, index)
    trips: list[tuple[float, str]] = []
    rides: list[SumoRide] = []
    for trajectory in days:
        line = network.line[trajectory.line_id]
        calls = _calls(trajectory, [index[stop] for stop in trajectory.stops], day)
        capacity = max(trajectory.capacities)
        trips += [(of_trip[0].leaves_s, _vehicle(line, capacity, of_trip)) for of_trip in calls]
        rides += _rides(line, itertools.chain.from_iterable(calls))
    rides.sort(key=lambda ride: ride.comes_s)
    _write(folder / "nodes.xml", "nodes", _nodes(network))
    _write(folder / "edges.xml", "edges", _edges(network, roads))
    _write(folder / "connections.xml", "connections", _connections(roads))
    _write(folder / "stops.xml", "additional", [*_types(network), *_bus_stops(network)])
    _write(folder / "trips.xml", "routes", (text for _, text in sorted(trips)))
    _write(folder / "people.xml", "routes", _people(rides))
    return SumoInput(len(trips), len(rides))


def _roads(network: Network, index: Mapping[str, int]) -> Roads:
    """Metres and km/h from each stop to the next ones; the fastest line's speed where several run."""
    roads: dict[Ends, tuple[float, float]] = {}
    for line in network.lines:
        kmh = line.speed_kmh or DEFAULT_KMH
        for one, other in itertools.chain.from_iterable(itertools.pairwise(p.stops) for p in line.patterns):
            ends, metres = (index[one.stop_id], index[other.stop_id]), other.distance_m - one.distance_m
            roads[ends] = metres, max(kmh, roads[ends][1] if ends in roads else 0.0)
    return roads


def _calls(trajectory: Trajectory, stops: Sequence[int], day: date) -> Sequence[Sequence[SumoCall]]:
    """The visits of each trip, in order."""
    legs, origin = trajectory.legs, origin_ms(day)
    columns = (
        legs.trip,
        legs.sequence,
        legs.direction,
        legs.stop,
        legs.leaves,
        legs.boarding,
        legs.alighting,
    )
    calls: list[list[SumoCall]] = [[] for _ in trajectory.trips]
    for row in zip(*(column.tolist() for column in columns), strict=True):
        trip, sequence, direction, stop, leaves, boarding, alighting = row
        if trip >= 0 and sequence > 0:
            leaves_s = (leaves - origin) / 1000
            calls[trip].append(SumoCall(trip, direction, stops[stop], leaves_s, boarding, alighting))
    return [of_trip for of_trip in calls if len(of_trip) > 1]


def _vehicle(line: Line, capacity: int, calls: Sequence[SumoCall]) -> str:
    """A trip with its route and stops."""
    first = calls[0]
    edges = [f"s{first.stop}"]
    for one, other in itertools.pairwise(calls):
        edges += [f"r{one.stop}-{other.stop}", f"s{other.stop}"]
    until = f' until="{first.leaves_s:.0f}"'
    stops = (
        f'<stop busStop="b{call.stop}" duration="{DWELL_S}"{until if call is first else ""} parking="true"/>'
        for call in calls
    )
    service = _service(line, first.direction)
    return (
        f'<vehicle id="{service}_{first.trip}" type="bus{capacity}" depart="{first.leaves_s - EARLY_S:.0f}" '
        f'line="{service}"><route edges="{" ".join(edges)}"/>{"".join(stops)}</vehicle>'
    )


def _service(line: Line, direction: int) -> str:
    return f"{line.line_id}_{direction}"


def _rides(line: Line, calls: Iterable[SumoCall]) -> Iterator[SumoRide]:
    """Everybody who boarded in the model."""
    last: dict[Ends, float] = {}
    aboard: dict[int, deque[tuple[float, int]]] = {}
    for call in sorted(calls, key=lambda call: call.leaves_s):
        on_trip = aboard.setdefault(call.trip, deque())
        for _ in range(call.alighting):
            comes_s, stop = on_trip.popleft()
            yield SumoRide(comes_s, stop, _service(line, call.direction), call.stop)
        place = call.direction, call.stop
        gap_s = min(call.leaves_s - last.get(place, call.leaves_s - FIRST_WAIT_S), LONGEST_WAIT_S)
        on_trip.extend(
            (call.leaves_s - gap_s * (call.boarding - number) / call.boarding, call.stop)
            for number in range(call.boarding)
        )
        last[place] = call.leaves_s


def _nodes(network: Network) -> Iterator[str]:
    """A stop's edge, which runs east from the stop."""
    shrunk = cos(radians(sum(stop.latitude for stop in network.stops) / len(network.stops)))
    for number, stop in enumerate(network.stops):
        x, y = _metres(stop, shrunk)
        yield f'<node id="a{number}" x="{x:.2f}" y="{y:.2f}" type="unregulated"/>'
        yield f'<node id="d{number}" x="{x + STOP_M:.2f}" y="{y:.2f}" type="unregulated"/>'


def _metres(stop: Stop, shrunk: float) -> tuple[float, float]:
    return stop.longitude * DEGREE_M * shrunk, stop.latitude * DEGREE_M


def _edges(network: Network, roads: Roads) -> Iterator[str]:
    edge = '<edge id="{}" from="{}" to="{}" numLanes="1" length="{:.1f}" speed="{:.2f}"/>'
    for stop in range(len(network.stops)):
        yield edge.format(f"s{stop}", f"a{stop}", f"d{stop}", STOP_M, DEFAULT_KMH / 3.6)
    for (one, other), (metres, kmh) in roads.items():
        length_m = max(metres - STOP_M, LEAST_M)
        yield edge.format(f"r{one}-{other}", f"d{one}", f"a{other}", length_m, kmh / 3.6)


def _connections(roads: Roads) -> Iterator[str]:
    connection = '<connection from="{}" to="{}" fromLane="0" toLane="0"/>'
    for one, other in roads:
        yield connection.format(f"s{one}", f"r{one}-{other}")
        yield connection.format(f"r{one}-{other}", f"s{other}")


def _types(network: Network) -> Iterator[str]:
    """A vehicle type for each capacity."""
    vehicle = '<vType id="bus{0}" vClass="bus" personCapacity="{0}" boardingDuration="{1}"/>'
    for capacity in sorted({bus.capacity for line in network.lines for bus in line.buses}):
        yield vehicle.format(capacity, BOARD_S)


def _bus_stops(network: Network) -> Iterator[str]:
    stop = '<busStop id="b{0}" lane="s{0}_0" startPos="0" endPos="{1}" personCapacity="10000"/>'
    for number in range(len(network.stops)):
        yield stop.format(number, STOP_M)


def _people(rides: Iterable[SumoRide]) -> Iterator[str]:
    for number, ride in enumerate(rides):
        yield (
            f'<person id="{number}" depart="{max(ride.comes_s, 0):.0f}">'
            f'<ride from="s{ride.stop}" busStop="b{ride.to}" lines="{ride.service}"/></person>'
        )


def _write(path: Path, root: str, elements: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(f"<{root}>\n")
        file.writelines(f"{element}\n" for element in elements)
        file.write(f"</{root}>\n")
