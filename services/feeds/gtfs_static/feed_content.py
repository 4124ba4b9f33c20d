"""The feed of a running simulator: made when it is first asked for, beside the event loop, and kept."""

from __future__ import annotations

import asyncio
import hashlib
import io
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from simulator.network import Network
from simulator.scenario.scenario import Scenario


class FeedContent:
    """The bytes of a network's feed, and the entity tag that they have before they are made."""

    def __init__(self, network: Network, scenario: Scenario | None, version: str) -> None:
        """`version` is the program's, which decides the tables' form."""
        self._network, self._scenario = network, scenario
        self._made: Future[bytes] | None = None
        self._changing = Lock()
        dates = ""
        if scenario is not None and scenario.extra_buses:
            dates = f"{scenario.first_day} {scenario.last_day}"
        text = f"{version} {network.digest} {dates}"
        self.etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'

    async def content(self) -> bytes:
        """Return the zip. Raises `InputError` for a network that no feed can hold.

        Clients that ask while it is made wait for the same one; that one of them goes away stops nothing.
        """
        return await asyncio.shield(asyncio.wrap_future(self._started()))

    def _started(self) -> Future[bytes]:
        """The making of the zip, begun unless it was; again after a failure."""
        with self._changing:
            if self._made is None or (self._made.done() and self._made.exception() is not None):
                # A thread of its own, which ends with the work: others answer requests meanwhile.
                executor = ThreadPoolExecutor(1, "gtfs")
                self._made = executor.submit(self._make)
                executor.shutdown(wait=False)
            return self._made

    def _make(self) -> bytes:
        return feed_bytes(self._network, self._scenario)


def feed_bytes(network: Network, scenario: Scenario | None) -> bytes:
    """Make the feed of a network. Raises `InputError` for a network that no feed can hold."""
    from services.feeds.gtfs_static.feed_zip import write_feed

    file = io.BytesIO()
    write_feed(file, network, scenario)
    return file.getvalue()
