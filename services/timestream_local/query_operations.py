"""The operations on queries."""

from __future__ import annotations

import asyncio
from functools import partial

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import mapped, optional, required, within
from services.timestream_local.running.client_tokens import ClientTokens
from services.timestream_local.running.result_pages import column_info
from services.timestream_local.sql.scopes import Output
from services.timestream_local.state import Body, EndpointState, Response

LONGEST_QUERY = 262_144
INSIGHTS = ("ENABLED_WITH_RATE_CONTROL", "DISABLED")


class QueryOperations:
    """The operations Query, CancelQuery and PrepareQuery."""

    def __init__(self, state: EndpointState) -> None:
        self._state = state
        self._tokens = ClientTokens()

    async def query(self, body: Body, _address: str) -> Response:
        """Return the first page of a new query, or the next page of an open one."""
        sql, state = required(body, "QueryString", str), self._state
        if not 1 <= len(sql) <= LONGEST_QUERY:
            raise ValidationException(f"The query string must have 1 to {LONGEST_QUERY} characters")
        most = within(optional(body, "MaxRows", int), "MaxRows", 1, 1000)
        token = optional(body, "NextToken", str)
        client_token = optional(body, "ClientToken", str)
        if client_token is not None and token is None:
            self._tokens.check(client_token, (sql, most))
        insights = _insights(body)
        if token is not None:
            work = partial(state.queries.resume, sql, token, most)
        else:
            work = partial(
                state.queries.run,
                sql,
                state.query_instant,
                most,
                empty_first=state.options.empty_first_page,
                insights=insights,
            )
        return await asyncio.get_running_loop().run_in_executor(state.pool, work)

    async def prepare_query(self, body: Body, _address: str) -> Response:
        """Return the columns and parameters of a query, without running it."""
        sql, state = required(body, "QueryString", str), self._state
        if optional(body, "ValidateOnly", bool) is False:
            raise ValidationException("ValidateOnly must be true: AWS supports nothing else")
        work = partial(state.queries.prepared, sql, state.query_instant)
        found = await asyncio.get_running_loop().run_in_executor(state.pool, work)
        columns = zip(column_info(found.compiled.columns), found.compiled.outputs, strict=True)
        return {
            "QueryString": sql,
            "Columns": [{**column, **_origin(output)} for column, output in columns],
            "Parameters": column_info(found.parameters),
        }

    async def cancel_query(self, body: Body, _address: str) -> Response:
        """End a query with further pages."""
        query_id = required(body, "QueryId", str)
        # Not in the pool: its threads may all be busy with the queries to cancel.
        return {"CancellationMessage": await asyncio.to_thread(self._state.queries.cancel, query_id)}


def _origin(output: Output) -> Response:
    """Whether a query gives a column its name, and the table that it is a column of."""
    named = zip(("DatabaseName", "TableName"), output.typed.source or (), strict=False)
    return {**dict(named), "Aliased": output.aliased}


def _insights(body: Body) -> bool:
    mode = mapped(body, "QueryInsights").get("Mode", "DISABLED")
    if mode not in INSIGHTS:
        raise ValidationException(f"The Mode of QueryInsights must be one of {', '.join(INSIGHTS)}")
    return mode == INSIGHTS[0]
