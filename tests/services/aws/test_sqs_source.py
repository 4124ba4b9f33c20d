"""Positions from a queue: which are published, dropped, or left for the dead-letter queue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.aws.events import Event, position_events
from services.aws.sqs_source import SqsSource
from services.live.hub import Hub
from simulator.clock import Clock
from storage.schema import BusPosition, Stream
from tests.services.aws.fake_aws import FakeClient, refused
from tests.services.fakes import MINUTE, NETWORK, NOW, SECOND, FakeWall, position_text
from tests.storage.records import position


class Queue:
    """A queue of messages, and the positions that a hub gets from it."""

    def __init__(self, *, lasts: timedelta = 10 * MINUTE) -> None:
        self.messages: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self.published: list[list[str]] = []
        self.client = FakeClient(
            get_queue_url={"QueueUrl": "http://queue"},
            purge_queue=lambda **_: self.messages.clear(),
            receive_message=lambda **_: {"Messages": self.messages[:10]},
            delete_message_batch=lambda **request: self.deleted.extend(
                e["ReceiptHandle"] for e in request["Entries"]
            ),
        )
        self.client.exceptions = type("Exceptions", (), {"PurgeQueueInProgress": KeyError})
        wall = FakeWall(NOW + lasts)
        self.clock = wall.clock = Clock(wall=wall)
        self.source = SqsSource(self.client, "positions", self.clock)

    def put(self, *events: Event | str) -> None:
        for number, event in enumerate(events):
            body = (
                event
                if isinstance(event, str)
                else json.dumps(
                    {"source": "bus-simulator", "detail-type": event.kind, "detail": json.loads(event.detail)}
                )
            )
            self.messages.append({"Body": body, "ReceiptHandle": f"r{number}"})

    def received(self) -> list[list[str]]:
        """The positions that the hub gets from a call, as `bus time`, a list per tick."""

        async def scenario() -> None:
            hub = Hub({"L1": ["B001", "B002"]}, snapshot, position_text)
            hub.loop = asyncio.get_running_loop()
            hub.publish = self._publish  # type: ignore[method-assign]
            self.source.hub = hub
            self.source.receive()
            await asyncio.sleep(0)

        before = len(self.published)
        asyncio.run(scenario())
        return self.published[before:]

    def _publish(self, records: Any, stream: Stream = Stream.BUS_POSITION) -> None:
        self.published.append([f"{each.bus_id} {each.time:%H:%M:%S}" for each in records])


async def snapshot(_stream: Stream, _lines: Sequence[str]) -> Sequence[BusPosition]:
    return ()


def tick(bus: str, *, ago_s: int = 0) -> Event:
    (event,) = position_events([position(NOW - ago_s * SECOND, bus, line_id="L1")], NETWORK)
    return event


def test_positions_are_published_tick_by_tick_in_order() -> None:
    queue = Queue()
    queue.put(tick("B001"), tick("B002", ago_s=30), tick("B001", ago_s=30))
    assert queue.received() == [["B001 07:29:40", "B002 07:29:40"], ["B001 07:30:10"]]
    assert queue.deleted == ["r0", "r1", "r2"]


def test_repeated_and_older_positions_are_dropped() -> None:
    queue = Queue()
    queue.put(tick("B001"))
    assert queue.received() == [["B001 07:30:10"]]
    queue.put(tick("B001", ago_s=30), tick("B002", ago_s=301), tick("B002", ago_s=-601))
    assert queue.received() == []
    queue.clock.step(601 * SECOND)
    queue.messages.clear()
    assert queue.received() == []


def test_positions_of_the_future_wait_for_their_time() -> None:
    queue = Queue()
    queue.clock.pause()
    queue.put(tick("B001", ago_s=-30), tick("B001"), tick("B001", ago_s=-60))
    assert queue.received() == [["B001 07:30:10"]]
    assert queue.client.calls[-2][1]["WaitTimeSeconds"] == 1
    queue.messages.clear()
    assert queue.received() == []
    queue.clock.step(45 * SECOND)
    assert queue.received() == [["B001 07:30:40"]]
    queue.clock.set_rate(1)
    assert queue.received() == []
    assert queue.client.calls[-1][1]["WaitTimeSeconds"] == 1
    queue.clock.set_rate(60)
    assert queue.received() == [["B001 07:31:10"]]
    assert queue.client.calls[-1][1]["WaitTimeSeconds"] == 0


def test_a_jump_drops_waiting_positions() -> None:
    queue = Queue()
    queue.clock.pause()
    queue.put(tick("B001", ago_s=-30))
    assert queue.received() == []
    queue.messages.clear()
    queue.clock.jump(NOW + 60 * SECOND)
    assert queue.received() == []


def test_after_a_jump_older_positions_count_again() -> None:
    queue = Queue()
    queue.put(tick("B001"))
    assert queue.received()
    queue.messages.clear()
    queue.clock.jump(NOW - 60 * SECOND)
    queue.put(tick("B001", ago_s=60))
    assert queue.received() == [["B001 07:29:10"]]


def test_other_messages_stay_in_the_queue_for_its_dead_letters() -> None:
    queue = Queue()
    queue.put("{}", tick("B001"), "nonsense", "5", "[]")
    assert queue.received() == [["B001 07:30:10"]]
    assert queue.deleted == ["r1"]


def test_the_queue_is_purged_first_and_retried_while_unavailable() -> None:
    queue = Queue(lasts=MINUTE)
    queue.put(tick("B002"))
    failures = [refused("QueueDoesNotExist")] * 3

    def url(**_: Any) -> Any:
        if failures:
            raise failures.pop()
        return {"QueueUrl": "http://queue"}

    def received(**_: Any) -> Any:
        queue.clock.close()
        return {}

    queue.client.answers |= {"get_queue_url": url, "receive_message": received}
    queue.source.run_until_closed()
    names = [name for name, _ in queue.client.calls]
    assert names == ["get_queue_url"] * 4 + ["purge_queue", "receive_message"]
    assert queue.messages == []
