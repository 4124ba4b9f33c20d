"""The operations on queries."""

from __future__ import annotations

import asyncio
from functools import partial

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import mapped, optional, required, within
from services.timestream_local.running.client_tokens import ClientTokens
from services.timestream_local.state import Body, EndpointState, Response

LONGEST_QUERY = 262_144


class QueryOperations:
    """The operations Query and CancelQuery."""

    def __init__(self, state: EndpointState) -> None:
        self._state = state
        self._tokens = ClientTokens()

    async def query(self, body: Body, _host: str) -> Response:
        """Return the first page of a new query, or the next page of an open one."""
        sql, state = required(body, "QueryString", str), self._state
        if not 1 <= len(sql) <= LONGEST_QUERY:
            raise ValidationException(f"The query string must have 1 to {LONGEST_QUERY} characters")
        most = within(optional(body, "MaxRows", int), "MaxRows", 1, 1000)
        token = optional(body, "NextToken", str)
        client_token = optional(body, "ClientToken", str)
        if client_token is not None and token is None:
            self._tokens.check(client_token, (sql, most))
        if mapped(body, "QueryInsights").get("Mode", "DISABLED") != "DISABLED":
            raise ValidationException("QueryInsights is not supported by this endpoint")
        if token is not None:
            work = partial(state.queries.resume, sql, token, most)
        else:
            work = partial(state.queries.run, sql, state.query_instant, most)
        return await asyncio.get_running_loop().run_in_executor(state.pool, work)

    async def cancel_query(self, body: Body, _host: str) -> Response:
        """End a query with further pages."""
        query_id = required(body, "QueryId", str)
        # Not in the pool: its threads may all be busy with the queries to cancel.
        return {"CancellationMessage": await asyncio.to_thread(self._state.queries.cancel, query_id)}
