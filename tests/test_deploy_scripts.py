"""What make plan and make deploy run before Terraform: the check of the account, the compiled network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scripts import check_account, compile_network
from services.aws.calls import AwsProblem
from services.aws.network_json import load
from services.inputs import load_inputs
from tests.fake_servers import http_server
from tests.moto_aws import Account, account

pytestmark = pytest.mark.integration

LINES = Path("data/lines.yaml")
CLOSED = {
    "__type": "AccessDeniedException",
    "message": "Only existing Timestream for LiveAnalytics customers can access the service.",
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with account() as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL", made.url)
        yield made


def checked(monkeypatch: pytest.MonkeyPatch, *, timestream: str, region: str = "eu-west-1") -> Result:
    """What is said to somebody whose terraform.tfvars has these settings."""
    settings = {"timestream": timestream, "region": region}
    monkeypatch.setattr(check_account, "setting", lambda _folder, name: settings[name])
    return CliRunner().invoke(check_account.main, ["--region", "eu-west-1"])


def test_an_account_that_timestream_takes_can_have_both(
    aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = checked(monkeypatch, timestream="aws")
    assert (said.exit_code, said.output) == (
        0,
        "Account 123456789012, eu-west-1. Timestream takes it: timestream can be aws or hosted; it is aws.\n",
    )


@pytest.mark.parametrize(("timestream", "code"), [("aws", 1), ("hosted", 0)])
def test_an_account_that_timestream_refuses_can_have_hosted_only(
    aws: Account, monkeypatch: pytest.MonkeyPatch, timestream: str, code: int
) -> None:
    with http_server(lambda _path, _headers: (400, json.dumps(CLOSED))) as closed:
        monkeypatch.setenv("AWS_ENDPOINT_URL_TIMESTREAM_WRITE", closed)
        said = checked(monkeypatch, timestream=timestream)
    assert said.exit_code == code
    assert "Timestream doesn't take it" in said.output
    assert ('write timestream = "hosted"' in said.output) == bool(code)


def test_another_region_than_terraforms_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    said = checked(monkeypatch, timestream="aws", region="us-east-1")
    assert said.exit_code == 1
    assert "terraform.tfvars is for us-east-1, this command for eu-west-1" in said.output


def test_a_folder_that_terraform_cant_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("variable {")
    with pytest.raises(AwsProblem, match="terraform"):
        check_account.setting(tmp_path, "timestream")


def test_the_compiled_network_is_of_the_run_that_feeders_make(tmp_path: Path) -> None:
    written = tmp_path / "build/network.json"
    said = CliRunner().invoke(compile_network.main, [str(LINES), "--output", str(written)])
    assert (said.exit_code, said.output) == (0, "")
    inputs = load_inputs(LINES, seed=None)
    found = load(written.read_bytes(), str(written))
    assert (found.network, found.run) == (inputs.network, inputs.run)


def test_a_network_that_is_wrong_is_said_in_a_line(tmp_path: Path) -> None:
    said = CliRunner().invoke(compile_network.main, [str(tmp_path / "no.yaml"), "-o", str(tmp_path / "n")])
    assert said.exit_code == 1
    assert "no.yaml" in said.output
