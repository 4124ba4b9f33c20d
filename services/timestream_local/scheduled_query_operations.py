"""The operations on scheduled queries, and their runs by the endpoint's own time."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from dataclasses import replace
from functools import partial

from services.timestream_local import database
from services.timestream_local.catalog import ACCOUNT, MOST_SCHEDULED, REGION
from services.timestream_local.errors import (
    AwsError,
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from services.timestream_local.list_pagination import page, with_token
from services.timestream_local.request_fields import mapped, optional, required
from services.timestream_local.running.client_tokens import check_length, is_repeated
from services.timestream_local.scheduled.definition import ScheduledQuery
from services.timestream_local.scheduled.mapping import wanted_columns
from services.timestream_local.scheduled.schedule import schedule_of
from services.timestream_local.scheduled_runs import change_query, run
from services.timestream_local.state import Body, EndpointState, Response
from services.timestream_local.tag_operations import tags_of
from services.timestream_local.types import SECOND_NS

log = logging.getLogger("bus_simulator.timestream")

_NAME = re.compile(r"[a-zA-Z0-9|!\-_*'()/.]{1,64}", re.ASCII)
REPEATED_S = 8 * 3600.0
"""How long after a query was made its request may be sent again with the same ClientToken."""
MOST_AT_ONCE = 20
"""The most runs of one query that a leap of simulated time makes; earlier ones are left out."""


class ScheduledQueryOperations:
    """The operations that create, describe, list, update, delete and execute scheduled queries."""

    def __init__(self, state: EndpointState) -> None:
        self._state = state

    async def create(self, body: Body, _address: str) -> Response:
        """Create a scheduled query, after checking its query, schedule and target.

        A request that is sent again gets the ARN of the query that exists.
        """
        name, now = required(body, "Name", str), self._state.query_instant() / SECOND_NS
        if not _NAME.fullmatch(name):
            raise ValidationException(f"The name '{name[:64]}' of a scheduled query is not valid")
        for member in ("NotificationConfiguration", "ErrorReportConfiguration"):
            required(body, member, dict)
        required(mapped(mapped(body, "ErrorReportConfiguration"), "S3Configuration"), "BucketName", str)
        required(body, "ScheduledQueryExecutionRoleArn", str)
        expression = required(mapped(body, "ScheduleConfiguration"), "ScheduleExpression", str)
        schedule_of(expression, now)
        arn = f"arn:aws:timestream:{REGION}:{ACCOUNT}:scheduled-query/{name}-{secrets.token_hex(8)}"
        made, tags = ScheduledQuery(arn, dict(body), now), tags_of(body)
        token = optional(body, "ClientToken", str)
        if token is not None:
            check_length(token)
        found = self._repeated(made)
        if found is None:
            await self._check(made)
            found = await self._created(made, tags)
        return {"Arn": found.arn}

    def _repeated(self, made: ScheduledQuery) -> ScheduledQuery | None:
        """The query that the same request has made before, None if `made` is new.

        Raises `ConflictException` if another request has made one of this name.
        """
        known = list(self._state.catalog.scheduled.values())
        for each in known:
            if made.created - each.created < REPEATED_S and is_repeated(made.request, each.request):
                return each
        if any(each.request["Name"] == made.request["Name"] for each in known):
            raise ConflictException(f"The scheduled query {made.request['Name']} already exists.")
        self._state.check_quota("scheduled queries", len(known), MOST_SCHEDULED)
        return None

    async def _created(self, made: ScheduledQuery, tags: dict[str, str]) -> ScheduledQuery:
        catalog = self._state.catalog

        def change(cursor: database.Cursor) -> ScheduledQuery:
            known = self._repeated(made)
            if known is None:
                database.save_scheduled(cursor, made)
                database.save_tags(cursor, made.arn, tags)
            return known or made

        def keep(found: ScheduledQuery) -> None:
            if found is made:
                catalog.scheduled[made.arn] = made
                catalog.tags[made.arn] = tags

        return await self._state.change(change, keep)

    async def _check(self, made: ScheduledQuery) -> None:
        sql, state = required(made.request, "QueryString", str), self._state
        work = partial(state.queries.prepared, sql, state.query_instant)
        found = await asyncio.get_running_loop().run_in_executor(state.pool, work)
        if not made.target:
            return
        state.catalog.table(
            required(made.target, "DatabaseName", str), required(made.target, "TableName", str)
        )
        if not mapped(made.target, "MultiMeasureMappings") and "MixedMeasureMappings" not in made.target:
            raise ValidationException("A target needs MultiMeasureMappings or MixedMeasureMappings")
        missing = wanted_columns(made.target) - {name for name, _ in found.compiled.columns}
        if missing:
            raise ValidationException(f"The result of the query has no column {', '.join(sorted(missing))}")

    async def describe(self, body: Body, _address: str) -> Response:
        """Describe a scheduled query with its last runs."""
        return {"ScheduledQuery": self._named(body).description}

    async def list_all(self, body: Body, _address: str) -> Response:
        """List scheduled queries in pages."""
        listed = sorted(self._state.catalog.scheduled.items())
        found, token = page(body, [((arn,), query) for arn, query in listed])
        return with_token({"ScheduledQueries": [query.summary for query in found]}, token)

    async def update(self, body: Body, _address: str) -> Response:
        """Enable or disable a scheduled query."""
        wanted, found = required(body, "State", str), self._named(body)
        if wanted not in ("ENABLED", "DISABLED"):
            raise ValidationException("State must be ENABLED or DISABLED")
        enabled, now = wanted == "ENABLED", self._state.query_instant() / SECOND_NS

        def change(query: ScheduledQuery) -> ScheduledQuery:
            resumed = now if enabled and not query.enabled else query.resumed
            return replace(query, enabled=enabled, resumed=resumed)

        await change_query(self._state, found.arn, change)
        return {}

    async def delete(self, body: Body, _address: str) -> Response:
        """Delete a scheduled query."""
        arn, catalog = self._named(body).arn, self._state.catalog

        def change(cursor: database.Cursor) -> None:
            database.drop_scheduled(cursor, arn)
            database.save_tags(cursor, arn, {})

        def keep(_done: None) -> None:
            catalog.scheduled.pop(arn, None)
            catalog.tags.pop(arn, None)

        await self._state.change(change, keep)
        return {}

    async def execute(self, body: Body, _address: str) -> Response:
        """Run a scheduled query for an invocation time; it is done when the response comes."""
        found, at = self._named(body), body.get("InvocationTime")
        if not isinstance(at, int | float):
            raise ValidationException("InvocationTime is required: seconds since the epoch")
        await run(self._state, found, float(at), manual=True)
        return {}

    async def run_due(self) -> None:
        """Run all queries whose time has come."""
        for query in list(self._state.catalog.scheduled.values()):
            due = self._due(query)
            for at in due:
                current = self._state.catalog.scheduled.get(query.arn)
                if current is not None and current.enabled:
                    await run(self._state, current, at, manual=False)

    def _due(self, query: ScheduledQuery) -> list[float]:
        """The times that a query should have run at and hasn't, the latest ones."""
        now, found = self._state.query_instant() / SECOND_NS, list[float]()
        following = query.next_run
        while following is not None and following <= now:
            found.append(following)
            following = replace(query, previous=following).next_run
        return found[-MOST_AT_ONCE:]

    def _named(self, body: Body) -> ScheduledQuery:
        arn = required(body, "ScheduledQueryArn", str)
        found = self._state.catalog.scheduled.get(arn)
        if found is None:
            raise ResourceNotFoundException(f"The scheduled query {arn[:256]} does not exist.")
        return found


async def run_for_ever(operations: ScheduledQueryOperations, every_s: float) -> None:
    """Run scheduled queries when they are due, checked every so many seconds."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await operations.run_due()
        except AwsError as error:
            log.warning("scheduled queries failed: %s", error)
