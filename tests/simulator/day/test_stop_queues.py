from datetime import date, timedelta

import pytest

from simulator.day import travel
from simulator.day.passengers import PATIENCE_MS, Queue
from simulator.day.stop_queues import DemandInputs, QueueId, stop_queues
from simulator.network import Line
from simulator.scenario.line_changes import NO_CHANGES
from simulator.service_day import handover_ms, origin_ms
from simulator.types import INBOUND, MINUTE_MS, OUTBOUND, StopId
from tests.networks import line, street

DAY = date(2026, 3, 3)
LINE = line("L1", street(5))


def queues(of: Line = LINE) -> dict[QueueId, Queue]:
    origin = origin_ms(DAY)
    starts, ends = (handover_ms(of, day) - origin for day in (DAY, DAY + timedelta(days=1)))
    hops = [travel.hops(pattern, of.speed_kmh) for pattern in of.patterns]
    return stop_queues(DemandInputs(of, 1, DAY, NO_CHANGES, starts, ends, hops))


def test_there_is_a_queue_for_each_direction_and_stop() -> None:
    assert list(queues()) == [
        QueueId(direction, StopId(stop))
        for direction in (OUTBOUND, INBOUND)
        for stop in sorted(LINE.stop_ids)
    ]


def test_people_split_over_the_directions_by_the_stops_ahead() -> None:
    first, second, *_, last = (stop.stop_id for stop in LINE.patterns[0].stops)
    made = queues()
    assert made[QueueId(OUTBOUND, last)].times == []
    assert made[QueueId(INBOUND, first)].times == []
    out, back = (len(made[QueueId(direction, second)].times) for direction in (OUTBOUND, INBOUND))
    assert out / (out + back) == pytest.approx(3 / 4, abs=0.1)


def test_people_come_in_order_and_early_enough_to_give_up_within_the_line_day() -> None:
    latest = handover_ms(LINE, DAY + timedelta(days=1)) - origin_ms(DAY) - PATIENCE_MS - 2 * MINUTE_MS
    for queue in queues().values():
        assert queue.times == sorted(queue.times)
        assert len(queue.draws) == len(queue.times)
        assert all(time <= latest for time in queue.times)
