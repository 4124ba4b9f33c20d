"""The hub of a network, with snapshots and missed records read from a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from services.live.channel import lines_of_ids
from services.live.connection import ConnectionObserver
from services.live.hub import Hub, TextOf
from services.live.missed_records import missed_records
from services.live.snapshots import current_records
from services.queries.bodies import bus_position_text
from simulator.network import Network
from storage.schema import Record, Stream
from storage.store import Store


def live_hub(
    store: Store,
    network: Network,
    now: Callable[[], datetime],
    text_of: TextOf | None = None,
    observer: ConnectionObserver | None = None,
) -> Hub:
    """Return the hub of a network, which reads snapshots and missed records from `store` in threads.

    See `Hub` for the rest.
    """

    async def snapshot(stream: Stream, line_ids: Sequence[str]) -> Sequence[Record]:
        return await asyncio.to_thread(current_records, store, network, stream, line_ids, now)

    def missed(
        ids: Mapping[Stream, frozenset[str]], since: Mapping[Stream, datetime]
    ) -> Sequence[Record] | None:
        return missed_records(store, ids, since, now())

    buses_of = {str(line.line_id): [bus.bus_id for bus in line.buses] for line in network.lines}
    position_text = partial(bus_position_text, network=network)
    return Hub(buses_of, snapshot, position_text, text_of, observer, lines_of_ids(network), missed)
