"""Delivery faults: each kind, the same in every replay, logged, and limited to their buses and hours."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.live.delivery_faults import DeliveryFaults, FaultLog
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import WHOLE_DAY, Span
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.types import BusId
from storage.schema import BusPosition
from tests.services.fakes import position_text

DAY = date(2026, 3, 3)
START = datetime(2026, 3, 3, 7, tzinfo=UTC)
BUSES = ("B001", "B002", "B003")
TICKS = 40


def position(bus_id: str, tick: int) -> BusPosition:
    time = START + timedelta(seconds=30 * tick)
    return BusPosition(time, bus_id, "L1", 40.4 + tick / 1e4, -3.7, tick, "S001", 10.0, 20.0, 0, "T1")


def sent(
    *faults: WireFault, seed: int = 1
) -> tuple[list[list[BusPosition]], list[dict[str, str]], DeliveryFaults]:
    """The ticks of twenty minutes after these faults, and the fault log."""
    lines: list[str] = []
    wire = DeliveryFaults(Scenario("faulty", DAY, DAY, wire_faults=faults), seed, lines.append, position_text)
    passed = [
        list(tick)
        for number in range(TICKS)
        for tick in wire.disturbed([position(bus_id, number) for bus_id in BUSES])
    ]
    return passed, [json.loads(line) for line in lines], wire


def of(bus_id: str, passed: list[list[BusPosition]]) -> list[BusPosition]:
    return [each for tick in passed for each in tick if each.bus_id == bus_id]


ORDINARY = [[position(bus_id, number) for bus_id in BUSES] for number in range(TICKS)]
SPAN = Span(8 * 3600 + 300, 8 * 3600 + 600)
"""08:05 to 08:10 in Madrid: ticks 10 to 19."""


def fault(kind: FaultKind, share: float = 1.0, span: Span = SPAN, delay_s: int = 0) -> WireFault:
    return WireFault(kind, share, (BusId("B002"),), span, delay_s)


def test_without_faults_positions_are_unchanged() -> None:
    passed, log, _ = sent()
    assert (passed, log) == (ORDINARY, [])


@pytest.mark.parametrize("kind", FaultKind)
def test_other_buses_and_hours_are_unchanged(kind: FaultKind) -> None:
    passed, log, _ = sent(fault(kind, delay_s=60))
    for bus_id in ("B001", "B003"):
        assert of(bus_id, passed) == of(bus_id, ORDINARY)
    outside = [*range(10), *range(23, TICKS)]
    ours = {each.time for each in of("B002", passed)}
    assert {position("B002", number).time for number in outside} <= ours
    assert {entry["bus_id"] for entry in log} == {"B002"}
    assert [entry["time"] for entry in log] == [
        f"2026-03-03T07:{5 + number // 2:02d}:{30 * (number % 2):02d}Z" for number in range(10)
    ]


def test_a_stuck_bus_keeps_its_first_position() -> None:
    ours = of("B002", sent(fault(FaultKind.STUCK))[0])
    assert [each.time for each in ours] == [each.time for each in of("B002", ORDINARY)]
    assert {each.latitude for each in ours[10:20]} == {position("B002", 10).latitude}
    assert ours[20] == position("B002", 20)


def test_a_dropped_position_is_never_sent() -> None:
    ours = of("B002", sent(fault(FaultKind.DROPPED))[0])
    assert ours == [position("B002", number) for number in range(TICKS) if not 10 <= number < 20]


def test_a_delayed_position_is_sent_later_unchanged() -> None:
    passed = sent(fault(FaultKind.DELAYED, delay_s=90))[0]
    assert sorted(of("B002", passed), key=lambda each: each.time) == of("B002", ORDINARY)
    assert passed[13] == [position("B002", 10)]
    assert position("B001", 13) in passed[14]


def test_a_position_out_of_order_is_sent_after_the_next_one() -> None:
    ours = of("B002", sent(fault(FaultKind.OUT_OF_ORDER, share=0.3))[0])
    assert len(ours) == TICKS
    assert sorted(ours, key=lambda each: each.time) == of("B002", ORDINARY)
    assert ours != of("B002", ORDINARY)


def test_a_malformed_message_is_invalid_json_and_the_next_is_valid() -> None:
    lines: list[str] = []
    wire = DeliveryFaults(
        Scenario("f", DAY, DAY, wire_faults=(fault(FaultKind.MALFORMED),)), 1, lines.append, position_text
    )
    for number, is_cut in ((9, False), (10, True), (20, False)):
        (tick,) = wire.disturbed([position("B002", number)])
        text = wire.text_of(tick[0])
        assert (text != position_text(tick[0])) is is_cut
        if is_cut:
            with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
                json.loads(text)


def test_replays_hit_the_same_positions_and_another_seed_hits_others() -> None:
    everywhere = WireFault(FaultKind.DROPPED, 0.2)
    first, again, other = sent(everywhere), sent(everywhere), sent(everywhere, seed=2)
    assert first[:2] == again[:2]
    assert first[1] != other[1]
    assert 0.1 < len(first[1]) / (TICKS * len(BUSES)) < 0.3


def test_faults_end_with_the_scenarios_last_day() -> None:
    wire = DeliveryFaults(
        Scenario("f", DAY, DAY, wire_faults=(WireFault(FaultKind.DROPPED, span=WHOLE_DAY),)),
        1,
        print,
        position_text,
    )
    inside, outside = datetime(2026, 3, 3, 22, 59, tzinfo=UTC), datetime(2026, 3, 3, 23, 0, tzinfo=UTC)
    for time, count in ((inside, 0), (outside, 1)):
        (tick,) = wire.disturbed([replace(position("B001", 0), time=time)])
        assert len(tick) == count


def test_after_a_jump_no_older_position_is_sent() -> None:
    lines: list[str] = []
    wire = DeliveryFaults(
        Scenario("f", DAY, DAY, wire_faults=(fault(FaultKind.DELAYED, delay_s=60),)),
        1,
        lines.append,
        position_text,
    )
    assert list(wire.disturbed([position("B002", 10)])) == [[]]
    wire.forget()
    assert list(wire.disturbed([position("B001", 30)])) == [[position("B001", 30)]]


def test_the_fault_log_appends_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    for line in ('{"a":1}', '{"b":2}'):
        log = FaultLog(path)
        log.write(line)
        assert path.read_text(encoding="utf-8").endswith(line + "\n")
        log.close()
    assert len(path.read_text(encoding="utf-8").splitlines()) == 2
