"""The state that all operations share: catalog, writer, query runner, and the endpoint's time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from services.timestream_local.catalog import Catalog
from services.timestream_local.errors import ServiceQuotaExceededException
from services.timestream_local.options import EndpointOptions
from services.timestream_local.running.load_tasks import LoadTasks
from services.timestream_local.running.object_store import ObjectStore
from services.timestream_local.running.queries import QueryRunner
from services.timestream_local.types import JsonObject
from services.timestream_local.writing.writer import Change, Result, Writer

Body: TypeAlias = JsonObject
"""The body of a request."""
Response: TypeAlias = Mapping[str, object]
"""The body of a response, whose values `json` can encode."""
Now: TypeAlias = Literal["wall", "data"]


@dataclass(frozen=True, slots=True)
class EndpointState:
    """The endpoint's state. `wall` returns wall time in nanoseconds since the epoch.

    `now` says which time queries and retention use as the current one: wall time, or that of the newest data.
    """

    catalog: Catalog
    writer: Writer
    queries: QueryRunner
    wall: Callable[[], int]
    now: Now
    pool: ThreadPoolExecutor
    options: EndpointOptions
    objects: ObjectStore | None = None
    loads: LoadTasks = field(default_factory=LoadTasks)

    def instant(self, *databases: str) -> int | None:
        """The current time in nanoseconds since the epoch.

        This is wall time, or the time of the newest data in these databases (None if they have no data).
        """
        return self.wall() if self.now == "wall" else self.writer.newest(databases)

    def query_instant(self, *databases: str) -> int:
        """The current time for a query of these databases: as `instant`, or wall time without data."""
        return self.instant(*databases) or self.wall()

    def check_quota(self, resource: str, count: int, most: int) -> None:
        """Raise `ServiceQuotaExceededException` under strict limits if the account can't have more."""
        if self.options.strict_limits and count >= most:
            raise ServiceQuotaExceededException(
                f"The account has {most} {resource}, the most that AWS allows."
            )

    def seconds(self) -> float:
        """Wall time in seconds since the epoch."""
        return self.wall() / 1e9

    async def change(self, change: Change[Result], keep: Callable[[Result], None]) -> Result:
        """See `Writer.change`."""
        return await asyncio.wrap_future(self.writer.change(change, keep))
