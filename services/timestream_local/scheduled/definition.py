"""A scheduled query as a value: what its creator asked for, its state, and its last runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.timestream_local.errors import ValidationException
from services.timestream_local.request_fields import mapped
from services.timestream_local.scheduled.schedule import schedule_of
from services.timestream_local.types import JsonObject

MOST_FAILED = 10
"""How many failed runs are remembered."""
SHOWN = (
    "Name",
    "QueryString",
    "ScheduleConfiguration",
    "NotificationConfiguration",
    "TargetConfiguration",
    "ScheduledQueryExecutionRoleArn",
    "KmsKeyId",
    "ErrorReportConfiguration",
)
"""The members of CreateScheduledQuery that DescribeScheduledQuery returns."""


@dataclass(frozen=True, slots=True)
class ScheduledQuery:
    """A scheduled query; times are in seconds since the epoch, by the endpoint's own time.

    `resumed` is when it was enabled again: it doesn't run for the times at which it was disabled.
    """

    arn: str
    request: JsonObject
    created: float
    enabled: bool = True
    previous: float | None = None
    last_run: JsonObject | None = None
    failed: tuple[JsonObject, ...] = field(default=())
    resumed: float | None = None

    @property
    def next_run(self) -> float | None:
        """When it runs next; None if it is disabled, never runs again, or has no valid schedule."""
        if not self.enabled:
            return None
        expression = str(mapped(self.request, "ScheduleConfiguration")["ScheduleExpression"])
        try:
            following = schedule_of(expression, self.created)
        except ValidationException:  # an earlier version has accepted it
            return None
        return following(max(self.previous or self.created, self.resumed or 0.0))

    def after_run(self, summary: JsonObject, previous: float | None) -> ScheduledQuery:
        """The query after a run. `previous` is the run's invocation time, None if it was run by hand."""
        failed = (summary, *self.failed)[:MOST_FAILED] if "FailureReason" in summary else self.failed
        invoked = self.previous if previous is None else previous
        return replace(self, previous=invoked, last_run=summary, failed=failed)

    def with_summary(self, old: JsonObject, new: JsonObject) -> ScheduledQuery:
        """The query with another summary of a run."""
        failed = tuple(new if each == old else each for each in self.failed)
        return replace(self, last_run=new if self.last_run == old else self.last_run, failed=failed)

    @property
    def target(self) -> JsonObject:
        """The table that results are written to, and how; empty if they are written nowhere."""
        return mapped(mapped(self.request, "TargetConfiguration"), "TimestreamConfiguration")

    @property
    def summary(self) -> dict[str, object]:
        """Its entry in ListScheduledQueries."""
        target = {name: self.target[name] for name in ("DatabaseName", "TableName") if name in self.target}
        last = self.last_run or {}
        found = {
            **self._times,
            "Name": self.request["Name"],
            "ErrorReportConfiguration": self.request["ErrorReportConfiguration"],
            "TargetDestination": {"TimestreamDestination": target} if target else None,
            "LastRunStatus": last.get("RunStatus"),
        }
        return {name: value for name, value in found.items() if value is not None}

    @property
    def description(self) -> dict[str, object]:
        """Its description in DescribeScheduledQuery."""
        shown = {name: self.request[name] for name in SHOWN if name in self.request}
        runs = {"LastRunSummary": self.last_run, "RecentlyFailedRuns": [*self.failed]}
        found = {**self._times, **shown, **runs}
        return {name: value for name, value in found.items() if value is not None}

    @property
    def _times(self) -> Mapping[str, object]:
        return {
            "Arn": self.arn,
            "CreationTime": self.created,
            "State": "ENABLED" if self.enabled else "DISABLED",
            "PreviousInvocationTime": self.previous,
            "NextInvocationTime": self.next_run,
        }
