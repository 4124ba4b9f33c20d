"""A good deployment passes; each defect made on purpose is reported, and nothing else."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest

from services.inputs.load import load_inputs
from services.operate.api_client import ApiClient
from services.operate.ecs import EcsServices
from services.operate.resource_names import HOSTED_SERVICE, MCP_SERVICE, SERVICES
from services.operate.verify_aws import TOOLS, AwsDeployment, verify_aws
from services.operate.verify_targets import Targets
from storage.schema import Record, Stream
from storage.store import Run
from storage.timestream_store import TimestreamStore
from tests.environment import environment
from tests.fake_servers import Answer, http_server, websocket_server
from tests.moto_aws import Account, account, make_services
from tests.process import KEY, PATIENCE_S, Running, running
from tests.storage.records import count, position, reading, table, visit
from tests.timestream_endpoint import REGION, endpoint

pytestmark = [pytest.mark.integration, pytest.mark.long]

SCRIPT = Path(__file__).parent.parent.parent.parent / "scripts" / "verify_deployment.py"
NOW = datetime(2026, 3, 6, 7, 30, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATEST = NOW - timedelta(seconds=10)
"""The newest tick of every stream."""
NETWORK = """
lines:
  - line_id: L1
    name: There and back
    stops:
      - {stop_id: S001, name: Here, latitude: 40.40, longitude: -3.70,
         is_terminal: true, base_arrival_rate: 1}
      - {stop_id: S002, name: There, latitude: 40.41, longitude: -3.70,
         is_terminal: true, base_arrival_rate: 1}
    buses: [{bus_id: B001, capacity: 60, initial_position: 0}]
"""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A good deployment: its parts, its services and its databases."""

    parts: AwsDeployment
    aws: Account
    timestream_url: str
    run: Run

    def store(self, database: str) -> TimestreamStore:
        """Another database beside the deployment's."""
        return TimestreamStore(database, region=REGION, endpoint_url=self.timestream_url)


def fill(store: TimestreamStore, run: Run, *, days: int, streams: Sequence[Stream] = tuple(Stream)) -> None:
    """History that ends now: a few records per hour, and its coverage."""
    begins = NOW - timedelta(days=days, minutes=10)
    times = [begins + n * HOUR for n in range(days * 24 + 1)]
    times += [NOW - timedelta(days=days), LATEST]
    for stream in streams:
        records = [record for time in sorted(times) for record in of_all(stream, time)]
        store.write(stream, table(stream, records), covers=(begins, NOW), run=run)


def of_all(stream: Stream, time: datetime) -> Sequence[Record]:
    """A record of each of the network's entities."""
    match stream:
        case Stream.PEOPLE_COUNT:
            return [count(time, stop_id, line_ids="L1") for stop_id in ("S001", "S002")]
        case Stream.SENSOR_DATA:
            return [reading(time, entity_id) for entity_id in ("B001", "S001")]
        case Stream.BUS_POSITION:
            return [position(time)]
        case Stream.STOP_VISIT:
            return [visit(time)]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deployed")
    (folder / "lines.yaml").write_text(NETWORK)
    run = load_inputs(folder / "lines.yaml", None, None).run
    with ExitStack() as stack:
        aws = stack.enter_context(account())
        make_services(aws.client("ecs"))
        aws.client("secretsmanager").create_secret(
            Name="bus-simulator/api-key", SecretString=json.dumps({"api_key": KEY})
        )
        url = stack.enter_context(endpoint(folder)).url
        store = TimestreamStore("bus_simulator", region=REGION, endpoint_url=url)
        stack.enter_context(closing(store))
        fill(store, run, days=5)
        place = f"timestream://bus_simulator?region={REGION}&endpoint_url={url}"
        served = stack.enter_context(
            running(folder, "--network", "lines.yaml", "--store", place, "--at", NOW.isoformat(),
                    "--speed", "0.001", command="serve")
        )  # fmt: skip
        rest = ApiClient(url_of(served), f"ws{url_of(served)[4:]}/production", KEY, "tests")
        parts = AwsDeployment(rest, rest, EcsServices(aws.client("ecs")), store)
        yield Deployed(parts, aws, url, run)


def url_of(served: Running) -> str:
    return f"http://{served.host}:{served.port}"


def good_mcp(path: str, headers: Mapping[str, str]) -> Answer:
    """A stand-in for a good MCP server."""
    if path == "/health":
        return 200, json.dumps({"status": "healthy"})
    if headers.get("x-api-key") != KEY:
        return 401, json.dumps({"success": False})
    return 200, json.dumps({"success": True, "data": [{"name": name} for name in sorted(TOOLS)]})


def faults(parts: AwsDeployment, *, websocket: bool = False) -> dict[str, str]:
    """The failed checks: check → detail."""
    results = list(verify_aws(parts, Targets(), websocket=websocket))
    assert len(results) == (28 if websocket else 25)
    return {result.check: result.detail for result in results if not result.passed}


Change: TypeAlias = Callable[[str, Mapping[str, str]], Answer | None]
"""Another answer to a request, None for the deployment's own."""


@contextmanager
def altered(deployed: Deployed, change: Change | None = None, **headers: str) -> Iterator[AwsDeployment]:
    """The deployment behind a proxy that changes its answers or its requests' headers."""
    place = urlsplit(deployed.parts.rest.api_url)

    def answering(path: str, given: Mapping[str, str]) -> Answer:
        sent = {name: given[name] for name in ("x-api-key", "x-group-name") if name in given}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(
            http.client.HTTPConnection(place.hostname or "", place.port, timeout=PATIENCE_S)
        ) as link:
            link.request("GET", path, headers=sent)
            answer = link.getresponse()
            found = answer.status, answer.read().decode()
        return found if change is None else change(path, given) or found

    with http_server(answering) as url:
        yield replace(deployed.parts, rest=replace(deployed.parts.rest, api_url=url))


def test_a_good_deployment_passes_all_checks(deployed: Deployed) -> None:
    assert faults(deployed.parts, websocket=True) == {}


@pytest.mark.parametrize(
    ("running", "desired", "said"),
    [(0, 1, "0 of 1 tasks run, 1 are starting"), (1, 0, "scaled to no task")],
)
def test_a_feeder_that_is_stopped_is_named(deployed: Deployed, running: int, desired: int, said: str) -> None:
    ecs, cluster = deployed.aws.client("ecs"), f"stopped-{running}-{desired}"
    make_services(ecs, cluster=cluster, names=["sensors-feeder"], running=running, desired=desired)
    others = [name for name in SERVICES if name != "sensors-feeder"]
    make_services(ecs, cluster=cluster, names=others)
    parts = replace(deployed.parts, services=EcsServices(ecs, cluster))
    assert faults(parts) == {"service: sensors-feeder": said}


def test_a_service_that_isnt_there_is_named(deployed: Deployed) -> None:
    ecs = deployed.aws.client("ecs")
    make_services(ecs, cluster="fewer", names=[name for name in SERVICES if name != MCP_SERVICE])
    assert faults(replace(deployed.parts, services=EcsServices(ecs, "fewer"))) == {
        "service: mcp-server": "no such service"
    }


def test_four_days_of_data_are_named_for_each_table(deployed: Deployed) -> None:
    with closing(deployed.store("four_days")) as store:
        fill(store, deployed.run, days=4)
        found = faults(replace(deployed.parts, store=store))
    detail = "4.01 days without a gap, 5.00 days are needed"
    tables = ("people_count", "sensor_data", "bus_position")
    assert found == {f"history: {name}": detail for name in tables}


def test_an_empty_table_is_named(deployed: Deployed) -> None:
    with closing(deployed.store("one_empty")) as store:
        fill(store, deployed.run, days=5, streams=(Stream.PEOPLE_COUNT, Stream.BUS_POSITION))
        assert faults(replace(deployed.parts, store=store)) == {"history: sensor_data": "no data"}


def test_records_not_yet_queryable_are_distinguished_from_missing_ones(deployed: Deployed) -> None:
    with closing(deployed.store("not_yet")) as store:
        fill(store, deployed.run, days=1)
        begins, ends = NOW - timedelta(days=6), NOW - timedelta(days=1, minutes=10)
        for stream in Stream:
            store.write(stream, table(stream, []), covers=(begins, ends), run=deployed.run)
        found = faults(replace(deployed.parts, store=store))
    assert list(found) == [f"history: {name}" for name in ("people_count", "sensor_data", "bus_position")]
    assert all("hours are written, not yet queryable" in detail for detail in found.values())


def test_a_key_that_isnt_enforced_is_named(deployed: Deployed) -> None:
    with altered(deployed, x_api_key=KEY) as parts:
        found = faults(parts)
    checks = ("authentication: Missing x-api-key header", "authentication: Invalid API key")
    assert sorted(found) == sorted(checks)
    assert all("status 200 instead of 401" in detail for detail in found.values())


def test_a_group_that_isnt_enforced_is_named(deployed: Deployed) -> None:
    with altered(deployed, x_group_name="anybody") as parts:
        found = faults(parts)
    assert list(found) == ["authentication: Missing x-group-name header"]
    assert "status 200 instead of 401" in found["authentication: Missing x-group-name header"]


def test_a_wrong_status_is_a_failure(deployed: Deployed) -> None:
    def wrong(path: str, headers: Mapping[str, str]) -> Answer | None:
        allowed = headers.get("x-api-key") == KEY
        return (
            (500, '{"message":"Internal Server Error"}')
            if allowed and path.startswith("/sensors/bus")
            else None
        )

    with altered(deployed, wrong) as parts:
        found = faults(parts)
    assert list(found) == ["REST: sensors of a bus"]
    assert "status 500 instead of 200" in found["REST: sensors of a bus"]


def test_the_gateways_own_refusal_of_a_missing_header_passes(deployed: Deployed) -> None:
    def refusing(path: str, headers: Mapping[str, str]) -> Answer | None:
        named = {"x-api-key", "x-group-name"} <= set(headers) or path == "/health"
        return None if named else (401, '{"message":"Unauthorized"}')

    with altered(deployed, refusing) as parts:
        assert faults(parts) == {}


def test_a_websocket_that_rejects_is_named(deployed: Deployed) -> None:
    with websocket_server(key="another") as url:
        parts = replace(deployed.parts, rest=replace(deployed.parts.rest, ws_url=url))
        found = faults(parts, websocket=True)
    assert found == {"WebSocket: positions": "the right key is refused with 401"}


def test_a_websocket_that_accepts_a_wrong_key_is_named(deployed: Deployed) -> None:
    place = deployed.parts.rest.api_url
    body = ApiClient(place, "", KEY, "tests").request("/bus-position/B001?mode=latest").content.decode()
    with websocket_server(body, '{"type":"subscribed","line_ids":["L1"]}') as url:
        parts = replace(deployed.parts, rest=replace(deployed.parts.rest, ws_url=url))
        found = faults(parts, websocket=True)
    accepted = "status 101 instead of 401 or 403"
    assert found == {"WebSocket: a wrong key": accepted, "WebSocket: no key": accepted}


@pytest.mark.parametrize(
    ("path", "answer", "check"),
    [
        ("/health", (200, '{"status":"unavailable"}'), "MCP: health"),
        ("/health", (502, ""), "MCP: health"),
        ("/mcp/list-tools", (200, '{"success":true,"data":[]}'), "MCP: tools"),
        ("/mcp/list-tools", (200, '{"success":true,"data":[{"name":"query_people_count"}]}'), "MCP: tools"),
    ],
)
def test_an_unhealthy_mcp_server_is_named(deployed: Deployed, path: str, answer: Answer, check: str) -> None:
    def unwell(asked: str, headers: Mapping[str, str]) -> Answer:
        right = good_mcp(asked, headers)
        return answer if asked == path and right[0] == 200 else right

    with http_server(unwell) as url:
        found = faults(replace(deployed.parts, mcp=replace(deployed.parts.mcp, api_url=url)))
    assert list(found) == [check]


def test_an_mcp_server_that_accepts_any_key_is_named(deployed: Deployed) -> None:
    with http_server(lambda path, headers: good_mcp(path, {**headers, "x-api-key": KEY})) as url:
        found = faults(replace(deployed.parts, mcp=replace(deployed.parts.mcp, api_url=url)))
    assert list(found) == ["MCP: a wrong key"]


def test_a_hosted_endpoint_is_checked_as_a_service_and_its_history_by_health(deployed: Deployed) -> None:
    ecs = deployed.aws.client("ecs")
    make_services(ecs, cluster="hosted", names=[*SERVICES, HOSTED_SERVICE])
    services = EcsServices(ecs, "hosted")
    hosted = replace(deployed.parts, store=None, services=services, service_names=services.expected())
    results = list(verify_aws(hosted, Targets(), websocket=False))
    assert [result for result in results if not result.passed] == []
    assert "service: timestream-endpoint" in {result.check for result in results}


def script(deployed: Deployed, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script with all addresses; return its result."""
    rest = deployed.parts.rest
    place = f"timestream://bus_simulator?region={REGION}&endpoint_url={deployed.timestream_url}"
    variables = {"API_URL": rest.api_url, "WS_URL": rest.ws_url, "MCP_URL": deployed.parts.mcp.api_url}
    return subprocess.run(
        [sys.executable, SCRIPT, "--target", "aws", "--region", REGION, "--store", place, *arguments],
        env=environment(**deployed.aws.variables, **variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.mark.e2e
def test_the_script_checks_a_deployment_with_the_key_of_its_secret(deployed: Deployed) -> None:
    done = script(deployed, "--json", "--skip-websocket")
    assert (done.returncode, done.stderr) == (0, f"On the deployment in {REGION}:\n"), done.stdout
    told = json.loads(done.stdout)
    assert told["passed"] is True
    assert len(told["checks"]) == 25
    assert KEY not in done.stdout


@pytest.mark.e2e
def test_the_script_fails_with_a_table_that_names_what_is_wrong(deployed: Deployed) -> None:
    done = script(deployed, "--bus", "B999")
    assert done.returncode == 1, done.stdout
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAIL")]
    assert [line.split("  ")[1].strip() for line in failed] == [
        "REST: sensors of a bus",
        "REST: bus position",
        "REST: all buses",
    ]
    assert done.stdout.splitlines()[-1] == "3 of 28 checks failed"


@pytest.mark.e2e
def test_the_script_names_the_missing_address(deployed: Deployed) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--target", "aws"],
        env=environment(**deployed.aws.variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1
    assert "no API madrid-bus-simulator-http in this region" in done.stderr
