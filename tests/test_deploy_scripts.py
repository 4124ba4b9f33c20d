"""The steps of make plan and make deploy before Terraform: account check, compiled network."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scripts import check_account, compile_network
from scripts.terraform_settings import terraform_variables
from services.aws.compiled_network import load
from services.inputs.load import load_inputs, load_network
from services.operate.aws_problems import AwsProblem
from services.operate.resource_names import LINES_YAML
from tests.environment import environment
from tests.fake_programs import outputs_are, terraform_set_to
from tests.fake_servers import http_server
from tests.moto_aws import Account, account
from tests.timestream_endpoint import REGION

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent
LINES = ROOT / "data" / "lines.yaml"
STEPS = (
    "scripts.check_account",
    "scripts.package_lambda --deployed",
    "scripts.compile_network",
    "apply -target=module.ecr -auto-approve",
    "docker/build image",
    "scripts.push_images",
    "plan -auto-approve",
    "apply -auto-approve",
    "scripts/verify_deployment.py --target aws --skip-history --wait 20",
    "destroy -auto-approve",
    "scripts.remove_leftovers",
)
CLOSED = {
    "__type": "AccessDeniedException",
    "message": "Only existing Timestream for LiveAnalytics customers can access the service.",
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account() as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        yield made


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def checked(programs: Path, *, timestream: str, store: str = "", region: str = "eu-west-1") -> Result:
    """Run the account check with these settings in terraform.tfvars; return its result."""
    terraform_set_to(
        programs,
        store=store,
        timestream=timestream,
        region=region,
        teams=300,
        feeder_sizes={},
        front="lambda",
        server_tasks={"min": 2, "max": 8},
        server_size={"cpu": 1024, "memory": 2048},
    )
    return CliRunner().invoke(check_account.main, ["--region", "eu-west-1"])


def test_an_account_with_timestream_can_use_all_stores(aws: Account, programs: Path) -> None:
    said = checked(programs, timestream="aws")
    first, *findings = said.output.splitlines()
    assert (said.exit_code, first) == (
        0,
        "Account 123456789012, eu-west-1. "
        "Timestream accepts it: store can be timestream, hosted or aurora; it is timestream.",
    )
    # moto knows neither quotas nor rights: each is one line that says so.
    assert [line[:4].strip() for line in findings] == ["ok", "?", "?", "?", "?", "ok", "?"]
    assert all("not known: " in line for line in findings if line.startswith("?"))
    assert "AWS gives new accounts 6, 2 are needed" in said.output


@pytest.mark.parametrize(
    ("timestream", "store", "code"), [("aws", "", 1), ("hosted", "", 0), ("aws", "aurora", 0)]
)
def test_an_account_without_timestream_can_use_the_others(
    aws: Account, programs: Path, monkeypatch: pytest.MonkeyPatch, timestream: str, store: str, code: int
) -> None:
    with http_server(lambda _path, _headers: (400, json.dumps(CLOSED))) as closed:
        monkeypatch.setenv("AWS_ENDPOINT_URL_TIMESTREAM_WRITE", closed)
        said = checked(programs, timestream=timestream, store=store)
    assert said.exit_code == code
    assert "Timestream doesn't accept it" in said.output
    assert ('write store = "hosted"' in said.output) == bool(code)


def test_another_region_than_terraforms_is_refused(programs: Path) -> None:
    said = checked(programs, timestream="aws", region="us-east-1")
    assert said.exit_code == 1
    assert "terraform.tfvars is for us-east-1, this command for eu-west-1" in said.output


def test_a_missing_or_uninitialised_terraform_is_reported(programs: Path) -> None:
    with pytest.raises(AwsProblem, match=r"^terraform is not installed"):
        terraform_variables(programs, "timestream")
    terraform_set_to(programs, region="eu-west-1")
    with pytest.raises(AwsProblem, match="doesn't know region, timestream: Reference to undeclared"):
        terraform_variables(programs, "region", "timestream")


def compiled(programs: Path, network: str, scenario: str = "") -> Result:
    """Compile the network that terraform.tfvars names; return the command's result."""
    settings = {"lines_yaml": network, "network_json": "../build/network.json", "scenario": scenario}
    terraform_set_to(programs, **settings, region=REGION)
    return CliRunner().invoke(compile_network.main, ["--terraform", str(programs / "terraform-folder")])


def test_the_compiled_network_is_the_configured_one_with_the_feeders_run(programs: Path) -> None:
    written = programs / "build" / "network.json"
    (programs / "terraform-folder").mkdir()
    other = programs / "other.yaml"
    other.write_text(LINES.read_text().replace("line_id: L1\n", "line_id: L0\n"))
    for lines in (LINES, other):
        said = compiled(programs, str(lines))
        assert said.exit_code == 0, said.output
        inputs = load_inputs(lines, seed=None)
        found = load(written.read_bytes(), str(written))
        assert (lines == LINES) == (found.network.digest == load_network(None).digest)
        assert (found.network, found.run) == (inputs.network, inputs.run)


def test_the_compiled_network_has_the_run_of_the_deployments_scenario(programs: Path) -> None:
    (programs / "terraform-folder").mkdir()
    said = compiled(programs, str(LINES), "match-day")
    assert said.exit_code == 0, said.output
    inputs = load_inputs(LINES, None, "match-day")
    found = load((programs / "build" / "network.json").read_bytes(), "network.json")
    assert (found.network.digest, found.run) == (inputs.network.digest, inputs.run)


def test_a_loaded_network_is_compiled_in_the_place_of_a_file_that_did_not_change(
    aws: Account, programs: Path
) -> None:
    """A deploy would else give functions the shipped network beside feeders with the loaded one."""
    (programs / "terraform-folder").mkdir()
    loaded = LINES.read_text().replace("line_id: L1\n", "line_id: L0\n")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="config", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="config", Key=LINES_YAML, Body=loaded.encode())
    shipped = hashlib.md5(LINES.read_bytes(), usedforsecurity=False).hexdigest()
    for uploaded, lines in ((shipped, loaded), ("of an older file", LINES.read_text())):
        outputs_are(programs, lines_yaml_md5=uploaded, config_bucket="config")
        said = compiled(programs, str(LINES))
        assert said.exit_code == 0, said.output
        assert ("it stays" in said.output) == (lines == loaded)
        given = programs / "given.yaml"
        given.write_text(lines)
        found = load((programs / "build" / "network.json").read_bytes(), "network.json")
        assert found.network.digest == load_network(given).digest


def test_an_invalid_network_is_reported_in_one_line(programs: Path) -> None:
    said = compiled(programs, "../no.yaml")
    assert said.exit_code == 1
    assert "no.yaml" in said.output


# --- In which order


def planned_by_make(target: str) -> list[str]:
    """The steps that make would run for a target, by their names in `STEPS`."""
    done = subprocess.run(
        ["make", "-n", target, "ARGS=-auto-approve"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    found = (next((word for word in STEPS if word in line), None) for line in done.stdout.splitlines())
    return [step for step in found if step]


def test_a_deploy_pushes_the_image_before_it_creates_services_and_checks_them_at_the_end() -> None:
    before = ["scripts.check_account", "scripts.package_lambda --deployed", "scripts.compile_network"]
    assert planned_by_make("plan") == [*before, "plan -auto-approve"]
    assert planned_by_make("deploy") == [
        *before,
        "apply -target=module.ecr -auto-approve",
        "docker/build image",
        "scripts.push_images",
        "apply -auto-approve",
        "scripts/verify_deployment.py --target aws --skip-history --wait 20",
    ]
    destroy = ["destroy -auto-approve", "scripts.remove_leftovers"]
    assert planned_by_make("destroy") == [*before[1:], *destroy]
