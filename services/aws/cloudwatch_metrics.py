"""What a feeder measures of itself, as metrics of CloudWatch: its lag, and how many records it wrote."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from services.background import background
from services.feeders.feeder import FeederStatus

log = logging.getLogger("bus_simulator.metrics")

PERIOD_S = 60.0
LAG, WRITTEN = "FeederLag", "RecordsWritten"


class FeederMetrics:
    """Sends a feeder's metrics once a period; what can't be sent is left out. `note` never waits."""

    def __init__(self, client: Any, namespace: str, *, period_s: float = PERIOD_S) -> None:
        self._client, self._namespace, self._period_s = client, namespace, period_s
        self._changed = threading.Condition()
        self._status: FeederStatus | None = None
        self._written = 0
        self._ended = False

    def note(self, status: FeederStatus) -> None:
        """Take note of how far the feeder is."""
        with self._changed:
            self._status = status

    def count(self, records: int) -> None:
        """Take note of records that were written."""
        with self._changed:
            self._written += records

    def end(self) -> None:
        """Send what there is, and end."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def run_until_ended(self) -> None:
        """Send once a period."""
        ended = False
        while not ended:
            with self._changed:
                ended = self._changed.wait_for(lambda: self._ended, self._period_s)
                status, written, self._written = self._status, self._written, 0
            if status is not None:
                self._send(status, written)

    def _send(self, status: FeederStatus, written: int) -> None:
        dimensions = [{"Name": "Feeder", "Value": status.name}]
        values = ((LAG, status.lag.total_seconds(), "Seconds"), (WRITTEN, float(written), "Count"))
        data = [
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit}
            for name, value, unit in values
        ]
        try:
            self._client.put_metric_data(Namespace=self._namespace, MetricData=data)
        except (BotoCoreError, ClientError) as error:
            log.debug("metrics left out: %s", error)


@contextmanager
def sending_metrics(metrics: FeederMetrics) -> Iterator[None]:
    """Send metrics from a thread; on exit send the last ones."""
    with background(metrics.run_until_ended, name="metrics", stop=metrics.end):
        yield
