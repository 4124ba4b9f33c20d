"""The parts beside LocalStack together: responses, data, authentication, recovery after a kill."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from localstack_client.session import Session
from websockets.sync.client import connect

from services.feeders.backfill import hours
from services.inputs.load import load_inputs
from services.interventions.in_process import LEAD_S
from services.interventions.stored_journal import disturbed_inputs, stored_journal
from simulator.city import City
from simulator.randomness.keys import random_key
from storage.digest import stream_digest
from storage.schema import Stream
from storage.store import Covered, Store
from tests.parts import ROOT, Parts, bodies, parts, standing_at, texts
from tests.process import running
from tests.timestream_endpoint import KEYS

pytestmark = [pytest.mark.integration, pytest.mark.parts]

AT = datetime(2026, 3, 2, 7, 50, 5, tzinfo=UTC)
"""A Monday, ten to nine in Madrid."""
INPUTS = load_inputs(None, None)
NETWORK = INPUTS.network
PATHS = [
    *(f"/people-count/{stop.stop_id}?mode=latest" for stop in NETWORK.stops),
    *(f"/sensors/stop/{stop.stop_id}?mode=latest" for stop in NETWORK.stops),
    *(f"/bus-position/line/{line.line_id}?mode=latest" for line in NETWORK.lines),
    *(
        f"/{kind}/{bus}?mode=latest"
        for bus in NETWORK.line_of_bus
        for kind in ("sensors/bus", "bus-position")
    ),
    *(f"/{listing}" for listing in ("lines", "stops", "buses", "lines/L1", "openapi.json")),
    "/people-count/S001?start=2026-03-02T07:00Z&end=2026-03-02T07:45Z",
    "/bus-position/B001?timestamp=2026-03-02T07:20:40Z",
    "/people-count/S999?mode=latest",
    "/people-count/S001",
]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def city() -> Iterator[Parts]:
    with parts(standing_at(AT)) as up:
        up.settle()
        yield up


def test_every_part_is_healthy_and_ops_says_so(city: Parts) -> None:
    found = city.supervised.status()
    assert [part.name for part in found if not part.healthy] == []
    assert {part.name for part in found} == {
        "dynamodb", "localstack", "timestream", "people-count-feeder", "sensors-feeder",
        "bus-position-feeder", "api", "mcp-server",
    }  # fmt: skip
    assert city.ask("/health", port=city.stack.ports.mcp)[0] == 200


def test_rest_answers_the_same_bytes_as_one_process(city: Parts, tmp_path: Path) -> None:
    alone = ("--at", AT.isoformat(), "--paused", "--control", "--backfill", "0")
    with running(tmp_path, *alone, key=city.key) as one:

        def asked(path: str) -> tuple[int, bytes]:
            return city.ask(path, port=one.port)

        assert bodies(city.ask, PATHS) == bodies(asked, PATHS)
        city.move(step=270)
        assert one.ask("/clock", key=city.key, body={"step": 270})[0] == 200
        city.settle()
        assert bodies(city.ask, PATHS) == bodies(asked, PATHS)


def test_the_audit_through_timestream_is_clean(city: Parts) -> None:
    said = city.run("audit", "--json", "--store", "timestream://bus_simulator?region=eu-west-1")
    assert json.loads(texts(said))["passed"]


def latest_by_websocket(city: Parts, *, step_s: int) -> dict[str, bytes]:
    """Connect, let time pass, and read until every bus of L1 has its newest position."""
    url = f"ws://127.0.0.1:{city.stack.ports.api}/production?api_key={city.key}&group_name=tests"
    buses = {bus.bus_id for bus in NETWORK.line["L1"].buses}
    newest: dict[str, str] = {}
    with connect(url, proxy=None) as client:
        client.send(json.dumps({"action": "subscribe", "line_ids": ["L1"]}))
        assert json.loads(client.recv(60))["type"] == "subscribed"
        if step_s:
            city.move(step=step_s)
        now = json.loads(city.ask("/clock")[1])["now"]
        due = now[:17] + ("30Z" if int(now[17:19]) >= 30 else "00Z")
        while {bus for bus, text in newest.items() if json.loads(text)["time"] == due} != buses:
            text = str(client.recv(60))
            newest[json.loads(text)["bus_id"]] = text
    return {bus: text.encode() for bus, text in newest.items()}


def test_positions_come_through_the_queue_and_after_a_reconnect_equal_rests(city: Parts) -> None:
    for step_s in (60, 0):
        seen = latest_by_websocket(city, step_s=step_s)
        city.settle()
        for bus, text in seen.items():
            assert city.ask(f"/bus-position/{bus}?mode=latest") == (200, text)


def test_connections_and_their_lines_are_in_dynamodb_while_they_last(city: Parts) -> None:
    def rows(table: str) -> list[dict[str, Any]]:
        said = city.aws("dynamodb", "scan", "--table-name", f"bus-simulator-websocket-{table}")
        found: list[dict[str, Any]] = json.loads(texts(said))["Items"]
        return found

    url = f"ws://127.0.0.1:{city.stack.ports.api}/production?api_key={city.key}&group_name=watchers"
    with connect(url, proxy=None) as client:
        client.send(json.dumps({"action": "subscribe", "line_ids": ["L2", "L1"], "batch": True}))
        assert json.loads(client.recv(60))["type"] == "subscribed"
        city.wait(lambda: len(rows("subscriptions")) == 2, "two subscriptions")
        (connection,) = rows("connections")
        assert connection["group_name"] == {"S": "watchers"}
        assert connection["subscribed_lines"] == {"L": [{"S": "L1"}, {"S": "L2"}]}
        wanted = {(row["line_id"]["S"], row["connection_id"]["S"]) for row in rows("subscriptions")}
        assert wanted == {(line_id, connection["connection_id"]["S"]) for line_id in ("L1", "L2")}
    city.wait(lambda: rows("connections") == rows("subscriptions") == [], "nobody is connected")


def test_events_reach_no_dead_letters(city: Parts) -> None:
    url = f"{city.stack.endpoints['AWS_ENDPOINT_URL']}"
    name = ("--queue-name", "bus-simulator-positions-dead-letters", "--query", "QueueUrl")
    queue = texts(city.aws("sqs", "get-queue-url", "--endpoint-url", url, *name, "--output", "text")).strip()
    count = ("--attribute-names", "ApproximateNumberOfMessages", "--queue-url", queue)
    found = json.loads(texts(city.aws("sqs", "get-queue-attributes", "--endpoint-url", url, *count)))
    assert found["Attributes"]["ApproximateNumberOfMessages"] == "0"


def test_a_rotated_key_works_in_every_part_and_the_old_one_stops(city: Parts) -> None:
    old, new = city.key, "another-key"
    secret = ("--secret-id", "bus-simulator/api-key", "--secret-string", json.dumps({"api_key": new}))
    texts(city.aws("secretsmanager", "update-secret", *secret))
    for port, path, send in (
        (city.stack.ports.api, "/people-count/S001?mode=latest", None),
        (city.stack.ports.mcp, "/mcp/list-tools", {}),
    ):

        def answers(key: str, port: int = port, path: str = path, send: object = send) -> int:
            return city.ask(path, port=port, key=key, send=send)[0]

        city.wait(lambda: (answers(new), answers(old)) == (200, 401), f"{path}: another key")
    city.key = new
    restored = (*secret[:2], "--secret-string", json.dumps({"api_key": old}))
    texts(city.aws("secretsmanager", "update-secret", *restored))
    city.wait(lambda: city.ask("/people-count/S001?mode=latest", key=old)[0] == 200, "the first key again")
    city.key = old


HOUR_AGO, NOW = "2026-01-01T00:00:00", "2027-12-31T00:00:00"
MANUAL: dict[str, tuple[tuple[str, ...], str]] = {
    "view metrics": (
        ("cloudwatch", "get-metric-statistics", "--namespace", "BusSimulator", "--metric-name", "FeederLag",
         "--dimensions", "Name=Feeder,Value=sensors", "--start-time", HOUR_AGO, "--end-time", NOW,
         "--period", "86400", "--statistics", "Average"),
        "FeederLag",
    ),
    "filter logs": (
        ("logs", "filter-log-events", "--log-group-name", "/ecs/people-count-feeder",
         "--filter-pattern", "written"),
        "people-count written",
    ),
    "filter by group name": (
        ("logs", "filter-log-events", "--log-group-name", "/ecs/mcp-server", "--filter-pattern", "tests"),
        "tests",
    ),
    "check Timestream data volume": (
        ("timestream-query", "query", "--query-string",
         "SELECT COUNT(*) as count FROM bus_simulator.people_count WHERE time > ago(1h)"),
        "ScalarValue",
    ),
    "check data age": (
        ("timestream-query", "query", "--query-string",
         "SELECT MIN(time) as oldest, MAX(time) as newest FROM bus_simulator.people_count"),
        "2026-03-02 07:",
    ),
    "verify entity IDs": (
        ("timestream-query", "query", "--query-string",
         "SELECT DISTINCT stop_id FROM bus_simulator.people_count"),
        "S001",
    ),
    "check the IAM role": (
        ("iam", "get-role-policy", "--role-name", "bus-simulator-feeder-task-role",
         "--policy-name", "timestream-access"),
        "timestream:*",
    ),
    "list the IAM roles": (("iam", "list-roles"), "bus-simulator-feeder-task-role"),
    "list a role's policies": (
        ("iam", "list-role-policies", "--role-name", "bus-simulator-feeder-task-role"), "timestream-access"
    ),
    "verify the S3 configuration": (
        ("s3", "ls", "s3://bus-simulator-config-000000000000/config/"), "lines.yaml"
    ),
    "check the API key": (
        ("secretsmanager", "get-secret-value", "--secret-id", "bus-simulator/api-key"), "api_key"
    ),
    "check the connections table": (
        ("dynamodb", "scan", "--table-name", "bus-simulator-websocket-connections"), '"Items"'
    ),
    "whose account": (
        ("sts", "get-caller-identity", "--query", "Account", "--output", "text"), "000000000000"
    ),
    "the clock": (("ssm", "get-parameter", "--name", "/bus-simulator/clock"), "anchor"),
}  # fmt: skip


@pytest.mark.parametrize("name", MANUAL)
def test_a_command_of_the_manual_works_against_localstack(city: Parts, name: str) -> None:
    words, expected = MANUAL[name]
    place: tuple[str, ...] = ()
    if words[0] == "timestream-query":
        place = ("--endpoint-url", city.stack.endpoints["AWS_ENDPOINT_URL_TIMESTREAM_QUERY"])
    city.wait(lambda: expected in texts(city.aws(*words, *place)), name)


def ops(city: Parts, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `ops` on the stack of a working directory."""
    home = city.stack.folder / "home"
    (home / "var").mkdir(parents=True, exist_ok=True)
    if not (home / "var/stack").exists():
        (home / "var/stack").symlink_to(city.stack.folder)
    command = [sys.executable, "-m", "bus_simulator", "ops", *words]
    env = {**city.environment, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False)


def test_ops_answers_in_place_of_ecs_and_logs_tail(city: Parts) -> None:
    status = texts(ops(city, "status"))
    assert status.count("healthy") == len(city.supervised.processes())
    assert '"people-count written"' in texts(ops(city, "logs", "people-count-feeder", "--lines", "20"))
    before = city.supervised.processes()["people-count-feeder"].pid
    texts(ops(city, "restart", "people-count-feeder"))
    assert city.supervised.processes()["people-count-feeder"].pid != before
    unknown = ops(city, "restart", "tram-feeder")
    assert (unknown.returncode, "no part tram-feeder" in unknown.stderr) == (1, True)


def test_the_hook_can_run_again(city: Parts) -> None:
    def everything() -> object:
        place = f"127.0.0.1:{city.stack.ports.localstack}"
        session = Session(localstack_host=place, region_name="eu-west-1")
        made = {name: session.client(name) for name in ("s3", "secretsmanager", "ssm", "sqs", "events")}
        return (
            [bucket["Name"] for bucket in made["s3"].list_buckets()["Buckets"]],
            made["secretsmanager"].get_secret_value(SecretId="bus-simulator/api-key")["SecretString"],
            made["ssm"].get_parameter(Name="/bus-simulator/clock")["Parameter"]["Value"],
            sorted(made["sqs"].list_queues()["QueueUrls"]),
            made["events"].list_targets_by_rule(
                Rule="bus-simulator-positions", EventBusName="bus-simulator-events"
            )["Targets"],
        )

    before = everything()
    hook = [sys.executable, "localstack/init/ready.d/10_resources.py"]
    for _ in range(2):
        done = subprocess.run(
            hook, cwd=ROOT, env=city.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert everything() == before


KILLED = (
    "people-count-feeder", "sensors-feeder", "bus-position-feeder", "api", "localstack",
    "timestream", "mcp-server", "bus-position-feeder", "dynamodb", "timestream", "localstack",
)  # fmt: skip


def test_a_killed_part_continues_and_no_data_are_lost(city: Parts) -> None:
    city.move(rate=60)
    for number, name in enumerate(KILLED):
        moment = city.now() + timedelta(seconds=random_key(1, "kill", str(number)) % 90)
        city.wait(lambda moment=moment: city.now() >= moment, f"{moment}")  # type: ignore[misc]
        city.kill(name)
        city.wait(lambda: city.ask("/clock")[0] == 200, "the API answers")
    city.wait(city.well, "all parts are well again")
    city.move(pause=True)
    city.settle()
    with closing(city.store()) as store, closing(INPUTS.city(1)) as model:
        for stream in Stream:
            coverage = store.coverage(stream)
            assert len(coverage) == 1, coverage
            held = coverage[0]
            assert (held.start, held.run) == (AT.replace(minute=0, second=0), INPUTS.run)
            check_digest(store, model, stream, held)
    seen = latest_by_websocket(city, step_s=30)
    city.settle()
    assert all(city.ask(f"/bus-position/{bus}?mode=latest") == (200, text) for bus, text in seen.items())


def check_digest(store: Store, model: City, stream: Stream, held: Covered) -> None:
    """Check that a stretch of a stream has exactly a model's records."""
    wanted = (model.window(*window, [stream])[stream] for window in hours(held.start, held.end))
    found = store.scan(stream, start=held.start, end=held.end)
    assert stream_digest(found, stream) == stream_digest(wanted, stream)


def test_an_intervention_reaches_every_feeder_also_one_that_was_killed(city: Parts) -> None:
    before = city.now()
    status, body = city.ask("/interventions", send={"surge": {"stop": "S002", "people_per_min": 30}})
    made = json.loads(body)
    assert status == 201, made
    assert datetime.fromisoformat(made["takes_effect"]) >= before + timedelta(seconds=LEAD_S)
    assert json.loads(city.ask("/interventions", port=city.stack.ports.mcp)[1])["items"][0]["id"] == "1"
    city.kill("bus-position-feeder")
    city.move(step=900)
    city.settle()
    with closing(city.store()) as store:
        disturbed = disturbed_inputs(INPUTS, stored_journal(store))
        with closing(disturbed.city(1)) as model:
            for stream in Stream:
                for held in store.coverage(stream):
                    check_digest(store, model, stream, held)


def test_a_new_network_takes_effect_at_the_next_whole_hour_and_an_invalid_one_never(
    city: Parts, tmp_path: Path
) -> None:
    text = (ROOT / "data/lines.yaml").read_text()
    changed, broken = tmp_path / "changed.yaml", tmp_path / "broken.yaml"
    changed.write_text(text.replace("line_id: L1\n", "line_id: L77\n", 1))
    broken.write_text(text.replace("capacity:", "capacty:", 2))
    assert changed.read_text() != text
    assert broken.read_text() != text
    load = [sys.executable, "-m", "scripts.load_config", "--file"]
    refused = subprocess.run(
        [*load, broken], cwd=ROOT, env=city.environment, capture_output=True, text=True, check=False
    )
    assert (refused.returncode, refused.stderr.count("capacty")) == (1, 2)
    place = "s3://bus-simulator-config-000000000000/config/lines.yaml"
    texts(city.aws("s3", "cp", str(broken), place))
    log = city.stack.folder / "sensors-feeder.log"
    city.wait(lambda: "the new network is refused" in log.read_text(), "the broken network is refused")
    done = subprocess.run(
        [*load, changed], cwd=ROOT, env=city.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name in ("people-count-feeder", "sensors-feeder", "bus-position-feeder", "api"):
        output = city.stack.folder / f"{name}.log"
        city.wait(lambda output=output: "a new network takes effect" in output.read_text(), name)  # type: ignore[misc]
    assert city.ask("/lines/L1")[0] == 200
    now = city.now()
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    city.move(step=int((hour - now).total_seconds()) + 65)
    city.wait(lambda: city.ask("/lines/L77")[0] == 200, "the API has the new line")
    assert city.ask("/lines/L1")[0] == 404
    city.settle()
    with closing(city.store()) as store:
        for stream in Stream:
            before, after = store.coverage(stream)
            assert (before.end, after.start) == (hour, hour)
            assert before.run == INPUTS.run != after.run
