"""The client `siri-lite` from PyPI reads the next buses over HTTP."""

from __future__ import annotations

from pathlib import Path

from siri_lite.services import get_next_passages
from siri_lite.siri_client import SiriClient

from services.app import create_app
from tests.services.fakes import NOW
from tests.services.rest_served import KEY, in_process, listening, parts


def test_the_client_reads_the_next_buses(tmp_path: Path) -> None:
    context = parts(tmp_path)[0]
    with listening(context) as port:
        url = f"http://127.0.0.1:{port}/siri/stop-monitoring?MonitoringRef=S002&format=json"
        client = SiriClient(url, headers=dict(KEY), auth=None)
        found = get_next_passages(client, count=9, unit="seconds", now=NOW)
    arrivals = in_process(create_app(context))("/arrivals/S002").json()["arrivals"]
    assert [(each["line_ref"], each["destination_name"], each["time"]) for each in found] == [
        (each["line_id"], each["destination"], each["wait_s"]) for each in arrivals
    ]
    assert len(found) == 3
