"""A feeder's CloudWatch metrics: its lag in seconds and the number of records written."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.background import background
from services.feeders.feeder import FeederStatus

if TYPE_CHECKING:
    from types_boto3_cloudwatch.client import CloudWatchClient
    from types_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDatumTypeDef

log = logging.getLogger("bus_simulator.metrics")

PERIOD_S = 60.0
LAG, WRITTEN = "FeederLag", "RecordsWritten"


class FeederMetrics:
    """Sends a feeder's metrics once per period, from a thread. A period that can't be sent is skipped."""

    def __init__(self, client: CloudWatchClient, namespace: str, *, period_s: float = PERIOD_S) -> None:
        self._client, self._namespace, self._period_s = client, namespace, period_s
        self._changed = threading.Condition()
        self._status: FeederStatus | None = None
        self._written = 0
        self._stopping = False

    def note(self, status: FeederStatus) -> None:
        """Set the status that the next period reports. Never waits."""
        with self._changed:
            self._status = status

    def count(self, records: int) -> None:
        """Add to the number of records that the next period reports. Never waits."""
        with self._changed:
            self._written += records

    def stop(self) -> None:
        """Let `run_until_stopped` end after one last report."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def run_until_stopped(self) -> None:
        """Send once per period."""
        stopping = False
        while not stopping:
            with self._changed:
                stopping = self._changed.wait_for(lambda: self._stopping, self._period_s)
                status, written, self._written = self._status, self._written, 0
            if status is not None:
                self._send(status, written)

    def _send(self, status: FeederStatus, written: int) -> None:
        dimensions: list[DimensionTypeDef] = [{"Name": "Feeder", "Value": status.name}]
        lag_s = status.lag.total_seconds()
        data: list[MetricDatumTypeDef] = [
            {"MetricName": LAG, "Dimensions": dimensions, "Value": lag_s, "Unit": "Seconds"},
            {"MetricName": WRITTEN, "Dimensions": dimensions, "Value": float(written), "Unit": "Count"},
        ]
        try:
            self._client.put_metric_data(Namespace=self._namespace, MetricData=data)
        except (BotoCoreError, ClientError) as error:
            log.debug("metrics not sent: %s", error)


@contextmanager
def sending_metrics(metrics: FeederMetrics) -> Iterator[None]:
    """Send metrics from a thread; on exit send the last ones."""
    with background(metrics.run_until_stopped, name="metrics", stop=metrics.stop):
        yield
