"""The outbox of a slow connection, and subscriptions before and after their snapshot."""

from __future__ import annotations

from datetime import datetime

from services.live.outbox import MOST_EVENTS, Key, LineTick, Outbox, Subscription
from storage.schema import Stream
from tests.services.fakes import MINUTE, SECOND
from tests.services.live_city import TICK


def taken(outbox: Outbox) -> list[str]:
    return list(iter(outbox.take, None))


def test_a_newer_position_replaces_the_unsent_one_of_the_same_bus() -> None:
    outbox = Outbox(lambda: None)
    outbox.offer({"B001": "old", "B002": "other"}, batch=False)
    outbox.offer({"B001": "new"}, batch=False)
    assert len(outbox) == 2
    assert taken(outbox) == ["new", "other"]
    assert outbox.take() is None


def test_batched_positions_are_one_message() -> None:
    outbox = Outbox(lambda: None)
    outbox.offer({"B001": "1", "B002": "2"}, batch=True)
    assert taken(outbox) == ["[1,2]"]


def test_forgotten_buses_and_a_cleared_outbox_send_nothing() -> None:
    outbox = Outbox(lambda: None)
    outbox.offer({"B001": "1"}, batch=False)
    outbox.offer({"B002": "2", "B003": "3"}, batch=True)
    outbox.forget(["B001", "B002", "B099"])
    assert taken(outbox) == ["[3]"]
    outbox.offer({"B001": "1"}, batch=True)
    outbox.clear()
    assert (len(outbox), outbox.take()) == (0, None)


def test_a_switch_moves_unsent_positions_to_the_other_queue() -> None:
    outbox = Outbox(lambda: None)
    outbox.offer({"B001": "1", "B002": "2"}, batch=False)
    outbox.switch(["B001"], batch=True)
    assert taken(outbox) == ["2", "[1]"]


def test_every_offer_wakes_the_sender() -> None:
    woken: list[bool] = []
    outbox = Outbox(lambda: woken.append(True))
    outbox.offer({"B001": "1"}, batch=False)
    outbox.offer({"B001": "2"}, batch=True)
    assert len(woken) == 2


def test_a_tick_held_during_the_snapshot_replaces_older_positions_of_it() -> None:
    subscription = Subscription(batch=False)
    subscription.hold(LineTick(TICK + MINUTE, {"B001": "held"}))
    assert subscription.begin(TICK, {"B001": "old", "B002": "only"}) == {"B001": "held", "B002": "only"}
    assert subscription.since == TICK


def test_a_tick_older_than_the_snapshot_is_dropped() -> None:
    subscription = Subscription(batch=False)
    subscription.hold(LineTick(TICK - MINUTE, {"B001": "held"}))
    assert subscription.begin(TICK, {"B001": "newer"}) == {"B001": "newer"}


def test_of_visits_the_last_thousand_wait_and_counts_beside_them_stay() -> None:
    outbox = Outbox(lambda: None)
    outbox.offer({"S001": "count"}, batch=False, stream=Stream.PEOPLE_COUNT)
    visits: dict[Key, str] = {("L1", "B001", "S001", str(n)): f"{n}" for n in range(MOST_EVENTS + 500)}
    outbox.offer(visits, batch=False, stream=Stream.STOP_VISIT)
    assert taken(outbox) == ["count", *(f"{n}" for n in range(500, MOST_EVENTS + 500))]


def test_a_tick_of_visits_is_cut_at_the_snapshots_time() -> None:
    times: dict[Key, datetime] = {"early": TICK, "late": TICK + SECOND}
    tick = LineTick(TICK + SECOND, {"early": "1", "late": "2"}, times)
    assert tick.after(TICK).texts == {"late": "2"}
    assert tick.after(TICK - SECOND) is tick
