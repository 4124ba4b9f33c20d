"""Wire faults in feeds: single buses and whole messages, the same for every client of a replay."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

from services.feeds.feed_faults import FeedFaults
from simulator.scenario.scenario import Scenario
from simulator.scenario.spans import Span
from simulator.scenario.wire_faults import FaultKind, WireFault
from simulator.types import BusId
from storage.schema import BusPosition

DAY = date(2026, 3, 3)
TICK = timedelta(seconds=30)
EIGHT = datetime(2026, 3, 3, 7, tzinfo=UTC)
"""08:00 in Madrid."""
ONE_BUS = (BusId("B002"),)


def read(tick: datetime) -> list[BusPosition]:
    load = (tick - EIGHT) // TICK
    return [
        BusPosition(tick, bus_id, "L1", 40.4, -3.7, load, "S001", 10.0, 20.0, 0, "T1")
        for bus_id in ("B001", "B002")
    ]


def faults(
    kind: FaultKind, *, buses: tuple[BusId, ...] = (), share: float = 1.0, delay_s: int = 0
) -> FeedFaults:
    span = Span(8 * 3600 + 310, 8 * 3600 + 600)
    fault = WireFault(kind, share, buses, span, delay_s)
    return FeedFaults(Scenario("faulty", DAY, DAY, wire_faults=(fault,)), 1)


def shown(of: FeedFaults, tick: datetime) -> list[tuple[str, int]]:
    """The bus, and the tick since eight that its load is of."""
    return [(each.bus_id, each.passenger_count) for each in of.positions(tick, read(tick), read)]


def test_without_faults_everything_stays_as_it_is() -> None:
    none = FeedFaults(None, 1)
    assert none.positions(EIGHT, read(EIGHT), read) == read(EIGHT)
    assert none.tick_of("feed", EIGHT) == EIGHT
    assert none.cut("feed", EIGHT, b"message") == b"message"


def test_a_fault_lasts_as_long_as_its_span() -> None:
    dropped = faults(FaultKind.DROPPED, buses=ONE_BUS)
    ticks = [tick for tick in range(30) if shown(dropped, EIGHT + tick * TICK) == [("B001", tick)]]
    assert ticks == list(range(11, 20))


def test_a_stuck_bus_stays_as_it_was_when_the_fault_began() -> None:
    stuck, tick = faults(FaultKind.STUCK, buses=ONE_BUS), EIGHT + 15 * TICK
    assert shown(stuck, tick) == [("B001", 15), ("B002", 11)]
    assert {each.time for each in stuck.positions(tick, read(tick), read)} == {tick}


def test_a_late_bus_has_an_older_position_with_its_time() -> None:
    tick = EIGHT + 15 * TICK
    delayed = faults(FaultKind.DELAYED, buses=ONE_BUS, delay_s=95)
    assert delayed.positions(tick, read(tick), read)[1] == read(EIGHT + 12 * TICK)[1]
    assert shown(faults(FaultKind.OUT_OF_ORDER, buses=ONE_BUS), tick) == [("B001", 15), ("B002", 13)]
    assert delayed.tick_of("feed", tick) == tick


def test_a_late_message_is_made_of_an_older_tick() -> None:
    tick = EIGHT + 15 * TICK
    delayed = faults(FaultKind.DELAYED, delay_s=90)
    assert delayed.tick_of("feed", tick) == EIGHT + 12 * TICK
    assert shown(delayed, tick) == [("B001", 15), ("B002", 15)]
    sometimes = faults(FaultKind.OUT_OF_ORDER, share=0.5)
    made_of = [sometimes.tick_of("feed", EIGHT + number * TICK) for number in range(11, 20)]
    steps = {(later - earlier) // TICK for earlier, later in itertools.pairwise(made_of)}
    assert min(steps) < 0, "an older message follows a newer one"
    assert made_of == [sometimes.tick_of("feed", EIGHT + number * TICK) for number in range(11, 20)]


def test_a_malformed_message_is_cut_in_the_middle() -> None:
    tick = EIGHT + 15 * TICK
    for malformed in (faults(FaultKind.MALFORMED), faults(FaultKind.MALFORMED, buses=ONE_BUS)):
        assert malformed.cut("feed", tick, b"12345678") == b"1234"
        assert malformed.cut("feed", tick, "<a></a>") == "<a>"
        assert malformed.cut("feed", EIGHT, b"12345678") == b"12345678"


def test_a_share_of_positions_is_dropped() -> None:
    half = faults(FaultKind.DROPPED, share=0.5)
    gone = {
        (bus_id, tick)
        for tick in range(11, 20)
        for bus_id in {"B001", "B002"} - {bus for bus, _ in shown(half, EIGHT + tick * TICK)}
    }
    assert 0 < len(gone) < 18
