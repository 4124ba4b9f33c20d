"""The extract of the plan that pages and tests read is up to date."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.planned import FILE, KINDS, extract
from tests.terraform.provider import attached
from tests.terraform.stack import ROOT, copied, moto, zips
from tests.terraform_cli import Terraform

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """An extract of each kind, without anything that is for moto only."""
    folder = tmp_path_factory.mktemp("planned")
    root = copied(folder)
    network = folder / "network.json"
    network.write_text("{}\n")
    variables = {"lambda_folder": str(zips(folder / "lambda")), "network_json": str(network)}
    variables["lines_yaml"] = str(ROOT / "data" / "lines.yaml")
    (root / "test.auto.tfvars.json").write_text(json.dumps(variables))
    with moto(folder) as server:
        terraform = Terraform(root, folder, {"AWS_ENDPOINT_URL": server.url})
        terraform.must("init")
        with attached(terraform) as quick:
            yield {kind: extract(plan(quick, chosen)) for kind, chosen in KINDS.items()}


def plan(terraform: Terraform, chosen: Mapping[str, str]) -> dict[str, Any]:
    """The plan with these variables, as `terraform show -json` has it."""
    terraform.must("plan", "-out=plan", *(f"-var={name}={value}" for name, value in chosen.items()))
    found: dict[str, Any] = json.loads(terraform.must("show", "-json", "plan"))
    return found


def test_the_extract_is_what_terraform_plans(plans: dict[str, Any], tmp_path: Path) -> None:
    as_written = json.dumps(plans, indent=1, sort_keys=True) + "\n"
    fresh = tmp_path / "planned.json"
    fresh.write_text(as_written)
    assert FILE.read_text() == as_written, f"if that is meant: cp {fresh} {FILE}; make docs"


@pytest.mark.parametrize("kind", KINDS)
def test_no_nat_gateway_and_no_compliance_resources_by_default(plans: dict[str, Any], kind: str) -> None:
    planned = plans[kind]["resources"]
    assert "module.network.aws_vpc.this" in planned
    assert [a for a in planned if ".aws_nat_gateway." in a or a.startswith("module.compliance.")] == []
