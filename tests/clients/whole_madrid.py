"""A network as large as Madrid's with one tick of positions and counts, and the requests that it gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from storage.schema import Stream
from tests.clients.served import ServedCity
from tests.services.fakes import NOW, RUN, SECOND, FaultyStore
from tests.services.rest_served import listening, parts
from tests.storage.records import count, position, table
from tests.synthetic import synthetic_network

TICK = NOW.replace(second=0)
NEWEST = TICK, TICK + SECOND
LINES, BUSES = 220, 2000


@contextmanager
def whole_madrid(folder: Path) -> Iterator[ServedCity]:
    """220 lines, 2,000 buses and 4,700 stops at 07:30."""
    network, store = synthetic_network(LINES, BUSES), FaultyStore()
    lines = {bus.bus_id: line.line_id for line in network.lines for bus in line.buses}
    positions = [position(TICK, bus, line_id=line) for bus, line in sorted(lines.items())]
    counts = [
        replace(count(TICK, stop.stop_id, people=3), line_ids=",".join(network.lines_of_stop[stop.stop_id]))
        for stop in network.stops
    ]
    store.write(Stream.BUS_POSITION, table(Stream.BUS_POSITION, positions), covers=NEWEST, run=RUN)
    store.write(Stream.PEOPLE_COUNT, table(Stream.PEOPLE_COUNT, counts), covers=NEWEST, run=RUN)
    context = replace(parts(folder)[0], store=store, network=network)
    with listening(context) as port:
        yield ServedCity(context, f"http://127.0.0.1:{port}")
