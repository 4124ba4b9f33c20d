"""What `docs/scaling.md` promises: a shard's rows are those of the whole network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from simulator.city import City
from simulator.network import Network
from storage.schema import Stream
from tests.synthetic import synthetic_network

START = datetime(2026, 11, 18, 7, tzinfo=UTC)
END = START + timedelta(minutes=10)
WHOLE = synthetic_network(12, 30, 80)


def part(lines: set[str]) -> Network:
    chosen = tuple(line for line in WHOLE.lines if line.line_id in lines)
    served = {stop_id for line in chosen for stop_id in line.stop_ids}
    return Network(chosen, tuple(stop for stop in WHOLE.stops if stop.stop_id in served))


def rows(network: Network, stream: Stream, column: str, kept: set[str]) -> list[object]:
    batch = City(network).window(START, END, [stream])[stream]
    wanted = pc.is_in(batch[column].cast(pa.string()), pa.array(sorted(kept)))
    found: list[object] = batch.filter(wanted).to_pylist()
    return found


LINES = {line.line_id for line in WHOLE.lines[::3]}
BUSES = {bus.bus_id for line in WHOLE.lines[::3] for bus in line.buses}


@pytest.mark.parametrize(
    ("stream", "column", "kept"),
    [
        (Stream.BUS_POSITION, "line_id", LINES),
        (Stream.STOP_VISIT, "line_id", LINES),
        (Stream.SENSOR_DATA, "entity_id", BUSES),
    ],
)
def test_a_set_of_lines_makes_its_rows_of_the_whole(stream: Stream, column: str, kept: set[str]) -> None:
    own = rows(part(set(LINES)), stream, column, kept)
    assert len(own)
    assert own == rows(WHOLE, stream, column, kept)


@pytest.mark.parametrize(
    ("stream", "column"), [(Stream.PEOPLE_COUNT, "stop_id"), (Stream.SENSOR_DATA, "entity_id")]
)
def test_a_set_of_stops_makes_its_rows_with_all_lines_that_serve_it(stream: Stream, column: str) -> None:
    stops = {stop.stop_id for stop in WHOLE.stops[10:30]}
    serving = part({line_id for stop_id in stops for line_id in WHOLE.lines_of_stop[stop_id]})
    assert len(serving.lines) < len(WHOLE.lines)
    own = rows(serving, stream, column, set(stops))
    assert len(own)
    assert own == rows(WHOLE, stream, column, set(stops))
