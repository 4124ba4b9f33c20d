"""What all operations share: the catalog, the writer, the query runner, and the endpoint's time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from services.timestream_local.catalog import Catalog
from services.timestream_local.queries import QueryRunner
from services.timestream_local.writer import Change, Result, Writer

Body: TypeAlias = dict[str, Any]
Now: TypeAlias = Literal["wall", "data"]


@dataclass(frozen=True, slots=True)
class EndpointState:
    """The endpoint's state. `wall` returns wall time in nanoseconds since the epoch.

    `now` says which time queries and retention go by: wall time, or that of the newest data.
    """

    catalog: Catalog
    writer: Writer
    queries: QueryRunner
    wall: Callable[[], int]
    now: Now
    pool: ThreadPoolExecutor

    def instant(self, *databases: str) -> int | None:
        """Now in nanoseconds: wall time, or the newest data of these databases; None without data."""
        return self.wall() if self.now == "wall" else self.writer.newest(databases)

    def query_instant(self, *databases: str) -> int:
        """Now for a query of these databases; wall time while they hold no data."""
        return self.instant(*databases) or self.wall()

    def seconds(self) -> float:
        """Wall time in seconds since the epoch."""
        return self.wall() / 1e9

    async def change(self, change: Change[Result], keep: Callable[[Result], None]) -> Result:
        """See `Writer.change`."""
        return await asyncio.wrap_future(self.writer.change(change, keep))
