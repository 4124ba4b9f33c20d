"""The functions' packages: reproducible, small and complete."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from google.transit.gtfs_realtime_pb2 import FeedHeader, FeedMessage

from scripts.lambda_bytecode import interpreter
from scripts.lambda_package import HANDLERS, LAMBDA, UV, Platform, write_packages
from scripts.package_lambda import package_lambda
from services.access.authentication import ApiKey
from services.aws.compiled_network import dump
from services.aws.connection_items import table_definitions
from services.aws.latest.latest_object import place_of
from services.aws.latest.realtime_object import RealtimeWriter
from services.feeders.backfill import fill, plan
from services.feeders.feeder import FeederStatus
from services.feeds.emt.login import EmtLogin
from services.feeds.emt.service_hours import all_hours
from storage.store import Run
from tests.environment import environment
from tests.moto_aws import Account, account
from tests.services.fakes import HOUR, NOW, FormulaCity, network
from tests.services.http_api import authorizer_event, request_event
from tests.services.lambdas.websocket_api import (
    Clients,
    authorize_event,
    clients,
    connect_event,
    message_event,
    tick_event,
)
from tests.storage.records import position
from tests.timestream_endpoint import REGION, database_of, open_shared, shared_endpoint

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

MOST_BYTES = 20_000_000
HEAVY = {"numpy", "pyarrow", "duckdb", "simpy", "yaml", "uvicorn", "click", "mcp"}
HERE = Platform("x86_64-manylinux_2_28", f"{sys.version_info.major}.{sys.version_info.minor}")
AARCH64 = b"\xb7\x00"
"""The machine in an ELF file's header."""
UNCHECKED = (1).to_bytes(4, "little")
"""The flags of bytecode that is never compared with its source."""
RUN = Run(1, network().digest, "", "2")
PROGRAM = Path(__file__).parent / "services/lambdas/packaged_functions.py"
REST, AUTHORIZER = HANDLERS["people_count_api"], HANDLERS["rest_authorizer"]
WEBSOCKET, WEBSOCKET_AUTHORIZER = HANDLERS["websocket_handler"], HANDLERS["websocket_authorizer"]


@pytest.mark.long
def test_all_packages_are_for_lambdas_processor_small_and_of_the_same_bytes(tmp_path: Path) -> None:
    written = write_packages(list(HANDLERS), tmp_path)
    assert [path.stem for path in written] == list(HANDLERS)
    assert len({path.read_bytes() for path in written}) == 1
    assert written[0].stat().st_size <= MOST_BYTES
    with zipfile.ZipFile(written[0]) as archive:
        names = archive.namelist()
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}
        compiled = {name: archive.read(name) for name in names if name.endswith(".so")}
    assert names == sorted(names)
    bytecode = {name for name in names if name.endswith(".pyc")}
    if interpreter(UV, LAMBDA.python) is not None:
        assert "services/lambdas/__pycache__/rest.cpython-312.pyc" in bytecode
    assert compiled
    for name, content in compiled.items():
        assert "cpython-312-aarch64" in name or name.endswith(".abi3.so")
        assert content[18:20] == AARCH64, name
    assert not HEAVY & {name.partition("/")[0] for name in names}
    for handler in HANDLERS.values():
        assert f"{handler.rpartition('.')[0].replace('.', '/')}.py" in names


@pytest.mark.parametrize(
    ("words", "said"), [([], "which one? people_count_api, "), (["no"], "'no' is not one")]
)
def test_an_unknown_package_name_is_refused(words: list[str], said: str) -> None:
    done = CliRunner().invoke(package_lambda, words)
    assert (done.exit_code, said in done.output) == (2, True), done.output


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same package for this machine's processor and Python, unpacked as Lambda does."""
    folder = tmp_path_factory.mktemp("package")
    (path,) = write_packages(["people_count_api"], folder, HERE)
    (again,) = write_packages(["people_count_api"], folder / "again", HERE)
    assert again.read_bytes() == path.read_bytes(), "bytecode included"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "task")
    tag = f"cpython-{sys.version_info.major}{sys.version_info.minor}"
    bytecode = folder / "task" / "services/lambdas/__pycache__" / f"rest.{tag}.pyc"
    assert bytecode.read_bytes()[4:8] == UNCHECKED
    return folder / "task"


class Cloud:
    """A store with an hour of data, and AWS by moto on a socket."""

    def __init__(self, folder: Path, moto: Account, clients: Clients) -> None:
        self.clients = clients
        store = open_shared(folder)
        list(
            fill(plan(store, NOW - HOUR, NOW, newest_first=False), model=FormulaCity(), store=store, run=RUN)
        )
        store.close()
        self.variables = moto.variables | {
            "AWS_REGION": REGION,
            "BUS_SIMULATOR_STORE": f"timestream://{database_of(folder)}?region={REGION}"
            f"&endpoint_url={shared_endpoint().url}",
            "BUS_SIMULATOR_NETWORK": "s3://config/config/network.json",
            "BUS_SIMULATOR_SECRET_ID": "bus-simulator/api-key",
            "BUS_SIMULATOR_CLOCK_PARAMETER": "/bus-simulator/clock",
            "BUS_SIMULATOR_WEBSOCKET_ENDPOINT": clients.url,
        }
        made = [moto.client(name) for name in ("s3", "secretsmanager", "ssm", "dynamodb")]
        s3, secrets, parameters, dynamodb = made
        compiled = dump(network(), RUN, all_hours(network()))
        s3.create_bucket(Bucket="config", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="config", Key="config/network.json", Body=compiled)
        secrets.create_secret(Name="bus-simulator/api-key", SecretString='{"api_key": "ri+ght"}')
        parameters.put_parameter(Name="/bus-simulator/clock", Type="String", Value=STANDING)
        for definition in table_definitions():
            dynamodb.create_table(**definition)
        self.s3 = s3
        for each in (secrets, parameters, dynamodb):
            each.close()

    def call(self, package: Path, *calls: tuple[str, object]) -> Any:
        """Call functions of a package one after the other in a new process; return their results."""
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(PROGRAM), str(package)],
            input=json.dumps(calls),
            env=environment(**self.variables),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


STANDING = json.dumps(
    {"anchor": "2026-03-02T07:30:10Z", "wall_anchor": "2026-03-02T07:30:10Z", "rate": 1, "paused": True}
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with account() as moto, clients() as found:
        made = Cloud(tmp_path_factory.mktemp("cloud"), moto, found)
        yield made
        made.s3.close()


def rest_event(path: str, verdict: dict[str, Any] | None) -> Any:
    url = httpx.URL(f"https://api{path}")
    event = request_event("GET", url, {"x-api-key": "ri+ght", "x-group-name": "team"}, "$default")
    if verdict is not None:
        event["requestContext"]["authorizer"] = {"lambda": verdict}
    return event


@pytest.mark.long
def test_rest_answers_from_its_package_behind_its_authorizer(unpacked: Path, cloud: Cloud) -> None:
    paths: dict[str, dict[str, object]] = {
        "/people-count/S001?mode=latest": {"stop_id": "S001", "count": 30},
        "/sensors/stop/S001?mode=latest": {"entity_id": "S001", "temperature": 20.5},
        "/bus-position/B003?mode=latest": {"bus_id": "B003", "line_id": "L2"},
        "/bus-position/line/L1?mode=latest": {"line_id": "L1"},
        "/stops": {"next_cursor": None},
    }
    asked = authorizer_event(rest_event("/people-count/S001", None))
    (judged,) = cloud.call(unpacked, (AUTHORIZER, asked))["results"]
    said = {"verdict": "allowed", "key_name": "default", "group": "team"}
    assert judged == {"isAuthorized": True, "context": said}
    found = cloud.call(unpacked, *((REST, rest_event(path, judged["context"])) for path in paths))
    for (path, some), answer in zip(paths.items(), found["results"], strict=True):
        assert answer["statusCode"] == 200, path
        assert json.loads(answer["body"]).items() >= some.items()
    assert not HEAVY & set(found["modules"])


@pytest.mark.long
def test_feeds_come_from_the_package_too(
    unpacked: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = {
        "BUS_SIMULATOR_LATEST_OBJECTS": "s3://config/latest",
        "BUS_SIMULATOR_REALTIME_FEEDS": "true",
    }
    monkeypatch.setattr(cloud, "variables", cloud.variables | stored)
    message = FeedMessage(header=FeedHeader(gtfs_realtime_version="2.0", timestamp=1))
    writer = RealtimeWriter(cloud.s3, place_of("s3://config/latest"))
    with writer.making(lambda _: {"alerts": message.SerializeToString()}):
        writer.ticked(FeederStatus("bus-position", NOW, timedelta(), timedelta(seconds=30), "running"))
        writer.write_waiting()
    token = EmtLogin(ApiKey.of("ri+ght")).session({"x-clientid": "team", "passkey": "ri+ght"}).token
    paths = {
        "/siri/stop-monitoring?MonitoringRef=S9&format=json&key=ri%2Bght&group=team": {},
        "/emt/v1/transport/busemtmad/stops/1/detail/": {"accesstoken": token},
        "/gtfs-rt/alerts?format=json&key=ri%2Bght&group=team": {},
    }
    events = [
        request_event("GET", httpx.URL(f"https://api{path}"), headers, "") for path, headers in paths.items()
    ]
    found = cloud.call(unpacked, *((REST, event) for event in events))
    siri, stop, alerts = (json.loads(answer["body"]) for answer in found["results"])
    delivery = siri["Siri"]["ServiceDelivery"]["StopMonitoringDelivery"][0]
    assert "InvalidDataReferencesError" in delivery["ErrorCondition"], "answered without the store"
    assert stop["data"][0]["stops"][0]["dataLine"][0]["startTime"] == "05:30"
    assert alerts["header"]["timestamp"] == "1"
    assert not HEAVY & set(found["modules"])


@pytest.mark.long
def test_health_and_refusals_come_from_the_package_too(unpacked: Path, cloud: Cloud) -> None:
    found = cloud.call(
        unpacked,
        (REST, rest_event("/health", None)),
        (REST, rest_event("/people-count/S001?mode=latest", None)),
        (REST, rest_event("/nowhere", {"verdict": "allowed", "group": "team"})),
    )
    health, refused, nowhere = found["results"]
    body = json.loads(health["body"])
    assert (health["statusCode"], body["run"]["run_id"]) == (200, RUN.run_id)
    assert body["clock"]["now"] == "2026-03-02T07:30:10Z"
    assert (refused["statusCode"], json.loads(refused["body"])["message"]) == (401, "Invalid API key")
    assert (nowhere["statusCode"], json.loads(nowhere["body"])["message"]) == (404, "Not found")


@pytest.mark.long
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"BUS_SIMULATOR_NETWORK": ""}, 500),
        ({"BUS_SIMULATOR_NETWORK": "s3://config/none.json"}, 503),
        ({"BUS_SIMULATOR_STORE": "duckdb:bus.duckdb"}, 500),
    ],
)
def test_a_function_with_wrong_settings_returns_the_usual_error(
    unpacked: Path, cloud: Cloud, changes: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud, "variables", cloud.variables | changes)
    (answer,) = cloud.call(unpacked, (REST, rest_event("/health", None)))["results"]
    assert answer["statusCode"] == status
    assert set(json.loads(answer["body"])) == {"error", "message"}


@pytest.mark.long
def test_the_websocket_handler_runs_from_its_package(unpacked: Path, cloud: Cloud) -> None:
    event = {"api_key": "ri ght", "group_name": "team"}
    tick = [position(NOW.replace(second=30), "B003", line_id="L2")]
    found = cloud.call(
        unpacked,
        (WEBSOCKET_AUTHORIZER, authorize_event(event)),
        (WEBSOCKET_AUTHORIZER, authorize_event(event | {"api_key": "wrong"})),
        (WEBSOCKET_AUTHORIZER, authorize_event(None)),
        (WEBSOCKET, connect_event("c1=", "team")),
        (WEBSOCKET, message_event("c1=", {"action": "subscribe", "line_ids": ["L2"]})),
        (WEBSOCKET, tick_event(tick)),
    )
    allowed, denied, missing, connected, _, sent = found["results"]
    effects = [each["policyDocument"]["Statement"][0]["Effect"] for each in (allowed, denied)]
    assert effects == ["Allow", "Deny"]
    assert missing == {"errorMessage": "Unauthorized"}
    assert connected == {"statusCode": 200}
    assert sent == {"sent": 1, "gone": 0, "failed": 0}
    answer, snapshot, new = (json.loads(text) for text in cloud.clients.sent["c1="])
    assert answer == {"type": "subscribed", "line_ids": ["L2"]}
    assert [(each["bus_id"], each["time"]) for each in (snapshot, new)] == [
        ("B003", "2026-03-02T07:30:00Z"),
        ("B003", "2026-03-02T07:30:30Z"),
    ]
    assert not HEAVY & set(found["modules"])
