"""A feeder's metrics for CloudWatch."""

from __future__ import annotations

from datetime import timedelta

from services.aws.cloudwatch_metrics import FeederMetrics, sending_metrics
from services.feeders.feeder import FeederStatus
from tests.services.aws.fake_aws import FakeClient
from tests.services.fakes import MINUTE, NOW


def status(lag: timedelta) -> FeederStatus:
    return FeederStatus("sensors", NOW, lag, MINUTE, "running")


def test_lag_and_records_are_sent_with_the_feeders_name() -> None:
    client = FakeClient(put_metric_data={})
    metrics = FeederMetrics(client, "Buses")
    with sending_metrics(metrics):
        metrics.note(status(2 * MINUTE))
        metrics.count(7)
        metrics.count(5)
    (sent,) = client.requests("put_metric_data")
    assert sent["Namespace"] == "Buses"
    assert [(each["MetricName"], each["Value"], each["Unit"]) for each in sent["MetricData"]] == [
        ("FeederLag", 120.0, "Seconds"),
        ("RecordsWritten", 12.0, "Count"),
    ]
    assert {str(each["Dimensions"]) for each in sent["MetricData"]} == {
        "[{'Name': 'Feeder', 'Value': 'sensors'}]"
    }


def test_an_unavailable_cloudwatch_is_ignored() -> None:
    client = FakeClient()
    client.away = True
    metrics = FeederMetrics(client, "Buses")
    with sending_metrics(metrics):
        metrics.note(status(MINUTE))
    assert len(client.requests("put_metric_data")) == 1
