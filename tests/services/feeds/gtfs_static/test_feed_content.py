"""The served feed is made once for all who ask, and again after a failure."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from datetime import date
from threading import Event

import pytest

from services.feeds.gtfs_static import feed_zip
from services.feeds.gtfs_static.feed_content import FeedContent
from simulator.scenario.extra_buses import ExtraBuses
from simulator.scenario.scenario import Scenario
from simulator.types import LineId
from tests.networks import line, network, street

CITY = network(line("L1", street(3)))


def test_clients_wait_for_the_same_feed_while_the_event_loop_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_end, made = Event(), []

    def slow(*arguments: object) -> None:
        made.append(arguments)
        assert may_end.wait(30)

    monkeypatch.setattr(feed_zip, "write_feed", slow)
    feed = FeedContent(CITY, None, "1")

    async def asked() -> list[bytes]:
        impatient, *patient = (asyncio.create_task(feed.content()) for _ in range(4))
        await asyncio.sleep(0)
        impatient.cancel()
        with pytest.raises(asyncio.CancelledError):
            await impatient
        may_end.set()
        return await asyncio.gather(*patient)

    assert asyncio.run(asked()) == [b"", b"", b""]
    assert asyncio.run(feed.content()) == b""
    assert len(made) == 1


def test_after_a_failure_the_next_client_has_it_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise OSError(errno.ENOMEM, "no memory")

    feed = FeedContent(CITY, None, "1")
    with monkeypatch.context() as patched:
        patched.setattr(feed_zip, "write_feed", failing)
        with pytest.raises(OSError, match="no memory"):
            asyncio.run(feed.content())
    assert asyncio.run(feed.content()).startswith(b"PK")


def test_tags_differ_by_network_version_and_the_dates_of_extra_buses() -> None:
    plain = Scenario("plain", date(2026, 3, 14), date(2026, 3, 14))
    extra = replace(plain, extra_buses=(ExtraBuses(LineId("L1"), 1, 90),))
    later = replace(extra, last_day=date(2026, 3, 15))
    tags = [
        FeedContent(city, scenario, version).etag
        for city, scenario, version in (
            (CITY, None, "1"),
            (CITY, plain, "1"),
            (CITY, None, "2"),
            (CITY, extra, "1"),
            (CITY, later, "1"),
            (network(line("L2", street(3))), None, "1"),
        )
    ]
    assert tags[0] == tags[1]
    assert len(set(tags)) == 5
