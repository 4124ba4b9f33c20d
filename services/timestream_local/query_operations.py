"""Running queries."""

from __future__ import annotations

import asyncio
from functools import partial

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import mapped, optional, required, within
from services.timestream_local.state import Body, Parts

LONGEST_QUERY = 262_144


class QueryOperations:
    """Runs queries, goes on with them, lets go of them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def query(self, body: Body, _host: str) -> Body:
        """Run a query, or go on with one."""
        sql, parts = required(body, "QueryString", str), self._parts
        if not 1 <= len(sql) <= LONGEST_QUERY:
            raise ValidationException(f"The query string must have 1 to {LONGEST_QUERY} characters")
        most = within(optional(body, "MaxRows", int), "MaxRows", 1, 1000)
        token = optional(body, "NextToken", str)
        if mapped(body, "QueryInsights").get("Mode", "DISABLED") != "DISABLED":
            raise ValidationException("QueryInsights is not supported by this endpoint")
        if token is not None:
            work = partial(parts.queries.resume, sql, token, most)
        else:
            work = partial(parts.queries.run, sql, parts.asked_at, most)
        return await asyncio.get_running_loop().run_in_executor(parts.pool, work)

    async def cancel_query(self, body: Body, _host: str) -> Body:
        """Let go of a query with further pages."""
        query_id = required(body, "QueryId", str)
        # Not in the pool, which may be full of what is to be cancelled.
        await asyncio.to_thread(self._parts.queries.cancel, query_id)
        return {"CancellationMessage": f"Query {query_id} was cancelled"}
