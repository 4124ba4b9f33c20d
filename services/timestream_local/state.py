"""What the operations work on, shared by all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from services.timestream_local.catalog import Catalog
from services.timestream_local.queries import Queries
from services.timestream_local.writer import Answer, Change, Writer

Body: TypeAlias = dict[str, Any]
Now: TypeAlias = Literal["wall", "data"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What operations work on. `wall` tells nanoseconds since the epoch; `now` says what rules."""

    catalog: Catalog
    writer: Writer
    queries: Queries
    wall: Callable[[], int]
    now: Now
    pool: ThreadPoolExecutor

    def instant(self, *databases: str) -> int | None:
        """Now in nanoseconds: wall time, or the newest data's of these databases; None without any."""
        return self.wall() if self.now == "wall" else self.writer.newest(databases)

    def asked_at(self, *databases: str) -> int:
        """Now for a query of these databases; wall time while nothing is stored that could say."""
        return self.instant(*databases) or self.wall()

    def seconds(self) -> float:
        """Wall time in seconds since the epoch."""
        return self.wall() / 1e9

    async def change(self, change: Change[Answer], keep: Callable[[Answer], None]) -> Answer:
        """See `Writer.change`."""
        return await asyncio.wrap_future(self.writer.change(change, keep))
