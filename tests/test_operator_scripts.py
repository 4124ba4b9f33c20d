"""The operators' scripts against moto: effects, output, and that no key is ever shown."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from scripts import (
    backfill_deployment,
    check_costs,
    deployed_services,
    export_api_keys,
    infracost_check,
    load_config,
    push_images,
    remove_leftovers,
    rotate_key,
)
from services.access.key_ring import parse_keys
from services.operate.resource_names import (
    API_SERVICE,
    CLUSTER,
    FEEDER_SERVICES,
    FRONT_URL_PARAMETER,
    HOSTED_SERVICE,
    IMAGE_DIGEST,
    LINES_YAML,
    NETWORK_JSON,
    SERVICES,
)
from simulator.clock import Clock
from storage.instants import to_us
from storage.open import timestream_at
from storage.schema import Stream
from tests.fake_programs import program, terraform_set_to
from tests.moto_aws import Account, account, make_apis, make_services
from tests.timestream_endpoint import REGION, database_of, shared_endpoint

pytestmark = pytest.mark.integration

KEYS = {"api_key": "general-key", "keys": {"team-alpha": "alpha-key", "team/beta": "beta-key"}}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account() as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        yield made


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TARGET", "AWS_REGION", "API_URL", "WS_URL", "BUS_SIMULATOR_API_KEY", "IMAGE"):
        monkeypatch.delenv(name, raising=False)


def run(command: click.Command, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def make_secret(aws: Account) -> Callable[[], dict[str, Any]]:
    """The secret with the keys; a way to read it."""
    client = aws.client("secretsmanager")
    client.create_secret(Name="bus-simulator/api-key", SecretString=json.dumps(KEYS))

    def read() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(
            client.get_secret_value(SecretId="bus-simulator/api-key")["SecretString"]
        )
        return found

    return read


# --- Keys


@pytest.mark.parametrize("kept", ["old-key\n", json.dumps({**KEYS, "api_key": "old-key"})])
def test_a_local_key_is_changed_in_its_file_and_teams_keep_theirs(kept: str, tmp_path: Path) -> None:
    path = tmp_path / "bus.duckdb.api-key"
    path.write_text(kept)
    done = run(rotate_key.main, "--api-key-file", str(path))
    ring, text = parse_keys(path.read_text()), path.read_text()
    assert done.exit_code == 0, done.output
    assert "takes effect within 10 s" in done.output
    assert ring.name_of("old-key", "me") is None
    new = text.strip() if kept == "old-key\n" else json.loads(text)["api_key"]
    assert ring.name_of(new, "me") == "default"
    assert (ring.name_of("alpha-key", "team-alpha") is not None) == (kept != "old-key\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert new not in done.output


def test_a_local_key_that_is_missing_or_set_in_the_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run(rotate_key.main, "--api-key-file", str(tmp_path / "none"))
    assert (done.exit_code, "doesn't exist: the first `make run` creates it" in done.output) == (1, True)
    monkeypatch.setenv("BUS_SIMULATOR_API_KEY", "of-the-environment")
    done = run(rotate_key.main, "--api-key-file", str(tmp_path / "none"))
    assert (done.exit_code, "change the variable" in done.output) == (1, True)


def test_a_deployments_key_is_changed_and_teams_keep_theirs(aws: Account) -> None:
    read = make_secret(aws)
    done = run(rotate_key.main, "--target", "aws", "--region", REGION)
    assert done.exit_code == 0, done.output
    assert read()["keys"] == KEYS["keys"]
    assert read()["api_key"] != "general-key"
    assert "takes effect within 5 minutes" in done.output
    assert read()["api_key"] not in done.output


def test_only_some_teams_or_all_keys_can_be_changed(aws: Account) -> None:
    read = make_secret(aws)
    done = run(rotate_key.main, "--target", "aws", "--team", "team-new", "--team", "team-alpha")
    first = read()
    assert (done.exit_code, done.stdout.startswith("New keys for team-new, team-alpha in")) == (0, True)
    assert (first["api_key"], first["keys"]["team/beta"]) == ("general-key", "beta-key")
    assert set(first["keys"]) == {"team-alpha", "team/beta", "team-new"}
    assert first["keys"]["team-alpha"] != "alpha-key"
    run(rotate_key.main, "--target", "aws", "--all-teams")
    second = read()
    assert set(second["keys"]) == set(first["keys"])
    assert not {second["api_key"], *second["keys"].values()} & {first["api_key"], *first["keys"].values()}


def test_a_team_name_that_no_header_could_hold_is_refused() -> None:
    done = run(rotate_key.main, "--team", "x" * 65)
    assert (done.exit_code, "is not a group name" in done.output) == (2, True)


def test_keys_are_exported_as_private_files_one_a_team(aws: Account, tmp_path: Path) -> None:
    make_secret(aws)
    addresses = make_apis(aws.client("apigatewayv2"))
    output = tmp_path / "keys" / "api_keys.txt"
    done = run(export_api_keys.main, "--region", REGION, "--output", str(output))
    assert done.exit_code == 0, done.output
    files = {path.name: path.read_text() for path in output.parent.iterdir()}
    assert set(files) == {"api_keys.txt", "api_keys.team-alpha.txt", "api_keys.team%2Fbeta.txt"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in output.parent.iterdir()} == {0o600}
    alpha = files["api_keys.team-alpha.txt"].splitlines()
    assert alpha[:4] == [
        "GROUP_NAME=team-alpha",
        "API_KEY=alpha-key",
        f"API_URL={addresses['madrid-bus-simulator-http']}",
        f"WS_URL={addresses['madrid-bus-simulator-websocket']}/production",
    ]
    assert all(key in files["api_keys.txt"] for key in ("general-key", "alpha-key", "beta-key"))
    assert "general-key" not in files["api_keys.team-alpha.txt"]
    assert not [key for key in ("general-key", "alpha-key", "beta-key") if key in done.output]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [(export_api_keys.main, ("--output", "keys.txt")), (rotate_key.main, ("--target", "aws"))],
)
def test_a_missing_secret_is_reported(
    aws: Account, command: click.Command, arguments: Sequence[str], tmp_path: Path
) -> None:
    done = run(command, *arguments)
    assert done.exit_code == 1
    assert "Error: secret bus-simulator/api-key: ResourceNotFoundException" in done.stderr


def test_without_credentials_the_message_says_how_to_give_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    done = run(check_costs.main)
    assert done.exit_code == 1
    assert done.output.startswith("Error: the account: no AWS credentials: set AWS_PROFILE, or")


# --- Costs


def test_costs_are_shown_with_the_budget_and_an_exceeded_one_fails(aws: Account) -> None:
    spent = {"Amount": "250", "Unit": "USD"}
    aws.client("budgets").create_budget(
        AccountId="123456789012",
        Budget={
            "BudgetName": "bus-simulator-monthly-budget",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "200", "Unit": "USD"},
            "CalculatedSpend": {"ActualSpend": spent},
        },
    )
    done = run(check_costs.main, "--region", REGION)
    assert done.exit_code == 1
    assert "Nothing is booked under the tag Project=Madrid-Bus-Simulator" in done.output
    assert "No forecast: Cost Explorer: DataUnavailableException: Insufficient amount" in done.output
    assert "Budget bus-simulator-monthly-budget: 250.00 USD of 200.00 USD spent (125 %)" in done.output
    assert done.output.splitlines()[-1] == "The budget is exceeded."


def test_infracost_runs_over_terraform_and_its_absence_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run(infracost_check.main)
    assert done.exit_code == 1
    assert "infracost is not installed" in done.output
    assert "docs/costs.md" in done.output
    program(tmp_path, "infracost", f'echo "$@" > {tmp_path}/called', "exit 3")
    assert run(infracost_check.main).exit_code == 3
    called = (tmp_path / "called").read_text().split()
    assert (called[0], called[2]) == ("breakdown", "--format=table")
    assert called[1].endswith("/terraform")


# --- Images


MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {"digest": "sha256:" + 64 * "0"},
    "layers": [],
}


def put_image(aws: Account, tag: str) -> str:
    """An image in the repository, as after a push; its digest."""
    manifest = json.dumps(MANIFEST)
    put = aws.client("ecr").put_image(
        repositoryName="bus-simulator-feeders", imageTag=tag, imageManifest=manifest
    )
    digest: str = put["image"]["imageId"]["imageDigest"]
    return digest


def docker(folder: Path, architecture: str = "arm64", *, there: bool = True) -> None:
    """A `docker` that records its arguments."""
    program(
        folder,
        "docker",
        f'echo "$@" >> {folder}/called',
        f'[ "$1" = login ] && {{ read -r line; echo "$line" > {folder}/password; }}',
        f'[ "$1" = image ] && {"echo " + architecture if there else "exit 1"}',
        "exit 0",
    )


@pytest.mark.long
def test_images_are_pushed_after_a_login_whose_password_is_no_argument(
    aws: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = aws.client("ecr").create_repository(repositoryName="bus-simulator-feeders")["repository"]
    uri = made["repositoryUri"]
    docker(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    digest = put_image(aws, "latest")
    said = run(push_images.main, "--region", REGION, "--tag", "latest")
    assert (said.exit_code, "no parameter /bus-simulator/image-digest" in said.output) == (1, True)
    parameters = aws.client("ssm")
    parameters.put_parameter(Name=IMAGE_DIGEST, Type="String", Value="none")
    (tmp_path / "called").unlink()
    done = run(push_images.main, "--region", REGION, "--tag", "latest", "--tag", "7")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "called").read_text().splitlines() == [
        "image inspect --format {{.Architecture}} bus-simulator-feeders:latest",
        f"login --username AWS --password-stdin {uri.partition('/')[0]}",
        f"tag bus-simulator-feeders:latest {uri}:latest",
        f"push --quiet {uri}:latest",
        f"tag bus-simulator-feeders:latest {uri}:7",
        f"push --quiet {uri}:7",
    ]
    assert (tmp_path / "password").read_text().strip()
    assert done.output.splitlines()[:3] == [f"{uri}:latest", f"{uri}:7", digest]
    assert parameters.get_parameter(Name=IMAGE_DIGEST)["Parameter"]["Value"] == digest
    terraform_set_to(tmp_path, image_tag="spring")
    digest = put_image(aws, "spring")
    lines = run(push_images.main, "--region", REGION).output.splitlines()
    assert lines[:-1] == [f"{uri}:spring", f"{uri}:{version('bus-simulator')}", digest]
    assert parameters.get_parameter(Name=IMAGE_DIGEST)["Parameter"]["Value"] == digest


def test_obstacles_to_a_push_are_reported(
    aws: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "docker is not installed" in run(push_images.main).output
    docker(tmp_path, there=False)
    assert "no repository bus-simulator-feeders in this region: make deploy" in run(push_images.main).output
    aws.client("ecr").create_repository(repositoryName="bus-simulator-feeders")
    assert "terraform is not installed" in run(push_images.main).output
    terraform_set_to(tmp_path, image_tag="latest")
    assert "no image bus-simulator-feeders:latest here: make build-feeders" in run(push_images.main).output
    docker(tmp_path, "amd64")
    done = run(push_images.main)
    assert (done.exit_code, "is for amd64, and Fargate runs arm64" in done.output) == (1, True)


# --- After a destroy


def test_what_aws_makes_itself_is_removed_and_what_stays_is_named(aws: Account) -> None:
    insights, other = "/aws/ecs/containerinsights/bus-simulator-cluster/performance", "/aws/lambda/other"
    logs = aws.client("logs")
    for name in (insights, other):
        logs.create_log_group(logGroupName=name)
    aws.client("sqs").create_queue(QueueName="left", tags={"Project": "Madrid-Bus-Simulator"})
    done = run(remove_leftovers.main, "--region", REGION)
    deleted, _, left = done.output.splitlines()
    assert (done.exit_code, deleted) == (0, f"deleted the log group {insights}")
    assert left.endswith(":left")
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == [other]


# --- Services


def test_services_are_shown_restarted_and_scaled(aws: Account) -> None:
    make_services(aws.client("ecs"))
    assert run(deployed_services.main, "status").output.splitlines() == [
        f"{name:<20}  1 of 1 tasks run" for name in SERVICES
    ]
    restarted = run(deployed_services.main, "restart")
    assert restarted.output.splitlines() == [f"{name}: new tasks are starting" for name in SERVICES]
    one = run(deployed_services.main, "restart", "mcp-server")
    assert one.output == "mcp-server: new tasks are starting\n"
    assert run(deployed_services.main, "scale", "mcp-server", "2").exit_code == 0
    done = run(deployed_services.main, "status")
    assert (done.exit_code, "mcp-server            2 of 2 tasks run" in done.output) == (0, True)
    wrong = run(deployed_services.main, "restart", "nobody")
    assert (wrong.exit_code, "no service nobody in cluster" in wrong.output) == (1, True)


def test_api_servers_take_the_place_of_the_mcp_server(aws: Account, tmp_path: Path) -> None:
    names = (*FEEDER_SERVICES, API_SERVICE)
    make_services(aws.client("ecs"), names=names)
    done = run(deployed_services.main, "status")
    assert (done.exit_code, len(done.output.splitlines())) == (0, len(names))
    assert "api-server            1 of 1 tasks run" in done.output
    aws.client("ssm").put_parameter(Name=FRONT_URL_PARAMETER, Value="https://bus.example.org", Type="String")
    make_secret(aws)
    page = tmp_path / "keys.txt"
    assert run(export_api_keys.main, "--region", REGION, "--output", str(page)).exit_code == 0
    for line in ("API_URL=https://bus", "WS_URL=wss://bus", "MCP_URL=https://bus"):
        assert f"{line}.example.org" in page.read_text()


def test_a_store_in_the_vpc_is_backfilled_by_a_task(aws: Account) -> None:
    subnets = [each["SubnetId"] for each in aws.client("ec2").describe_subnets()["Subnets"]]
    make_services(aws.client("ecs"), names=FEEDER_SERVICES, store="postgresql://bus@db/bus", subnets=subnets)
    done = run(backfill_deployment.main, "--target", "aws", "--days", "5")
    assert (done.exit_code, "backfills: make logs SERVICE=people-count-feeder" in done.output) == (0, True)
    ecs = aws.client("ecs")
    (task,) = ecs.describe_tasks(cluster=CLUSTER, tasks=ecs.list_tasks(cluster=CLUSTER)["taskArns"])["tasks"]
    (said,) = task["overrides"]["containerOverrides"]
    assert said["command"][:2] == ["backfill", "--start"]


def test_a_missing_service_or_one_without_its_tasks_fails_the_status(aws: Account) -> None:
    make_services(aws.client("ecs"), names=SERVICES[:3], running=0)
    done = run(deployed_services.main, "status")
    assert done.exit_code == 1
    assert "sensors-feeder        0 of 1 tasks run, 1 are starting" in done.output
    assert "mcp-server            no such service" in done.output


def test_logs_are_shown_by_the_name_of_a_service(aws: Account) -> None:
    logs = aws.client("logs")
    logs.create_log_group(logGroupName="/ecs/sensors-feeder")
    logs.create_log_stream(logGroupName="/ecs/sensors-feeder", logStreamName="s")
    logs.put_log_events(
        logGroupName="/ecs/sensors-feeder",
        logStreamName="s",
        logEvents=[{"timestamp": to_us(Clock().now()) // 1000, "message": "ERROR a store that is away"}],
    )
    done = run(deployed_services.main, "logs", "sensors-feeder", "--filter", "ERROR", "--since", "5m")
    assert (done.exit_code, done.output.endswith("Z ERROR a store that is away\n")) == (0, True)
    done = run(deployed_services.main, "logs", "mcp-server")
    assert (done.exit_code, "log group /ecs/mcp-server" in done.output) == (1, True)


# --- History


def make_tables(aws: Account) -> None:
    write = aws.client("timestream-write")
    write.create_database(DatabaseName="bus_simulator")
    kept = {"MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 30}
    for stream in Stream:
        write.create_table(DatabaseName="bus_simulator", TableName=stream, RetentionProperties=kept)


def test_days_beyond_retention_are_refused_at_the_start(aws: Account) -> None:
    make_services(aws.client("ecs"))
    make_tables(aws)
    done = run(backfill_deployment.main, "--days", "31")
    assert done.exit_code == 2
    assert "table people_count keeps 30 days, and accepts nothing before" in done.output
    future = run(backfill_deployment.main, "--start", "2026-01-01", "--end", "2199-01-01")
    assert (future.exit_code, "is in the future" in future.output) == (2, True)


def test_a_backfill_of_a_hosted_endpoint_is_refused(aws: Account) -> None:
    make_services(aws.client("ecs"), names=[*SERVICES, HOSTED_SERVICE])
    done = run(backfill_deployment.main, "--days", "5")
    assert (done.exit_code, "make restart SERVICE=timestream-endpoint TARGET=aws" in done.output) == (1, True)


@pytest.mark.long
def test_history_is_written_into_the_deployments_tables(aws: Account, tmp_path: Path) -> None:
    make_services(aws.client("ecs"))
    make_tables(aws)
    stops = [
        f"{{stop_id: S00{n}, name: Stop {n}, latitude: 40.4{n}, longitude: -3.7, is_terminal: true,"
        " base_arrival_rate: 1}"
        for n in (1, 2)
    ]
    (tmp_path / "lines.yaml").write_text(
        f"lines:\n  - line_id: L1\n    name: One\n    stops: [{', '.join(stops)}]\n"
        "    buses: [{bus_id: B001, capacity: 60, initial_position: 0}]\n"
    )
    place = f"timestream://{database_of(tmp_path)}?region={REGION}&endpoint_url={shared_endpoint().url}"
    done = run(backfill_deployment.main, "--days", "1", "--network", str(tmp_path / "lines.yaml"),
               "--store", place)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"is complete in {place}." in done.output
    with closing(timestream_at(place, make=False)) as store:
        now = Clock().now()
        ((start, end),) = store.backfills(since=now - timedelta(minutes=5), now=now)
        assert end - start == timedelta(days=1)
        assert all(store.coverage(stream)[0].start == start for stream in Stream)


def test_a_loaded_network_keeps_the_type_and_tags_that_terraform_has_set(aws: Account) -> None:
    s3, bucket = aws.client("s3"), "bus-simulator-config-123456789012"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key=LINES_YAML, Body=b"old", Tagging="Project=Madrid-Bus-Simulator")
    done = run(load_config.main, "--target", "aws")
    assert done.exit_code == 0, done.output
    found = s3.get_object(Bucket=bucket, Key=LINES_YAML)
    assert (found["ContentType"], found["Body"].read() != b"old") == ("application/yaml", True)
    tags = s3.get_object_tagging(Bucket=bucket, Key=LINES_YAML)["TagSet"]
    assert tags == [{"Key": "Project", "Value": "Madrid-Bus-Simulator"}]
    assert s3.get_object(Bucket=bucket, Key=NETWORK_JSON)["ContentType"] == "application/json"
