"""The outbox of a slow connection, and subscriptions before and after their snapshot."""

from __future__ import annotations

from services.live.outbox import Outbox, Subscription
from tests.services.fakes import MINUTE
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
    subscription.hold(TICK + MINUTE, {"B001": "held"})
    texts = subscription.begin(TICK, {"B001": "1", "B002": "2"})
    assert texts == {"B001": "held", "B002": "2"}
    assert subscription.since == TICK


def test_a_tick_older_than_the_snapshot_is_dropped() -> None:
    subscription = Subscription(batch=False)
    subscription.hold(TICK - MINUTE, {"B001": "held"})
    assert subscription.begin(TICK, {"B001": "1"}) == {"B001": "1"}
