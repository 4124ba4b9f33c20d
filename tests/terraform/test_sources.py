"""Terraform's sources: formatted, valid, small modules, every variable described and typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.docs_terraform import blocks
from scripts.terraform_settings import terraform_variables
from services.operate.aws_problems import AwsProblem
from tests.terraform.stack import MODULES, TERRAFORM, copied
from tests.terraform_cli import Terraform

pytestmark = pytest.mark.terraform

FILES = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"}
FOLDERS = [TERRAFORM, *(TERRAFORM / "modules" / name for name in MODULES)]
LONGEST = 260


def test_everything_is_formatted(tmp_path: Path) -> None:
    assert Terraform(TERRAFORM, tmp_path).must("fmt", "-check", "-recursive") == ""


def test_the_configuration_is_valid_after_a_clone(tmp_path: Path) -> None:
    terraform = Terraform(copied(tmp_path), tmp_path)
    terraform.must("init", "-backend=false")
    assert "The configuration is valid" in terraform.must("validate", "-no-color")


def test_terraforms_message_is_shown_for_an_invalid_folder(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("variable {")
    with pytest.raises(AwsProblem, match=r"terraform doesn't know region: (?s:.*)main.tf line 1"):
        terraform_variables(tmp_path, "region")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_module_has_its_files_and_they_are_small(folder: Path) -> None:
    assert {path.name for path in folder.iterdir() if path.is_file()} >= FILES
    for path in folder.glob("*.tf"):
        assert len(path.read_text().splitlines()) <= LONGEST, path


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_variable_is_typed_and_described_and_every_output_described(folder: Path) -> None:
    for name, variable in blocks(folder, "variable").items():
        assert variable.get("type"), name
        assert str(variable.get("description", "")).strip('"').endswith("."), name
    for name, output in blocks(folder, "output").items():
        assert str(output.get("description", "")).strip('"').endswith("."), name


def test_the_manuals_edits_can_be_made_as_written() -> None:
    edits = {
        "api-gateway": ("aws_lambda_function", "people_count_api", ("timeout = 30", "memory_size = 512")),
        "mcp-server": ("aws_ecs_service", "mcp_server", ("desired_count = 1",)),
        "timestream": (
            "aws_timestreamwrite_table",
            "people_count",
            ("memory_store_retention_period_in_hours = 24", "magnetic_store_retention_period_in_days = 30"),
        ),
    }
    for module, (kind, name, lines) in edits.items():
        text = (TERRAFORM / "modules" / module / "main.tf").read_text()
        found = re.search(rf'^resource "{kind}" "{name}" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL)
        assert found, module
        body = [" ".join(line.split()) for line in found[1].splitlines()]
        assert set(lines) <= set(body), module
