"""Terraform's AWS provider creates, refreshes, updates and deletes a database and tables at the endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.timestream_local.page_blocks import block
from tests.services.timestream_local.served import Served, served
from tests.terraform.provider import attached
from tests.terraform_cli import Terraform, needs_terraform

pytestmark = [pytest.mark.e2e, pytest.mark.long, needs_terraform]

RESOURCES = """\
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "hours" {
  type    = number
  default = 24
}

resource "aws_timestreamwrite_database" "bus_simulator" {
  database_name = "bus_simulator"
  tags          = { Project = "Madrid-Bus-Simulator" }
}

resource "aws_timestreamwrite_table" "all" {
  for_each      = toset(["people_count", "bus_position"])
  database_name = aws_timestreamwrite_database.bus_simulator.database_name
  table_name    = each.key
  retention_properties {
    memory_store_retention_period_in_hours  = var.hours
    magnetic_store_retention_period_in_days = 30
  }
  magnetic_store_write_properties {
    enable_magnetic_store_writes = true
  }
  tags = { Project = "Madrid-Bus-Simulator", Hours = tostring(var.hours) }
}
"""


def tags(running: Served, table: str) -> dict[str, str]:
    arn = running.write.describe_table(DatabaseName="bus_simulator", TableName=table)["Table"]["Arn"]
    found = running.write.list_tags_for_resource(ResourceARN=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def hours(running: Served, table: str) -> int:
    found = running.write.describe_table(DatabaseName="bus_simulator", TableName=table)["Table"]
    return int(found["RetentionProperties"]["MemoryStoreRetentionPeriodInHours"])


def test_terraform_creates_updates_and_deletes_tables(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    folder.mkdir()
    with served(tmp_path) as running:
        (folder / "main.tf").write_text(RESOURCES + block("## From Terraform", "hcl", running.url))
        terraform = Terraform(folder, tmp_path)
        terraform.must("init")
        with attached(terraform) as quick:
            assert "3 added, 0 changed, 0 destroyed" in quick.must("apply", "-auto-approve")
            assert hours(running, "people_count") == 24
            assert tags(running, "people_count") == {"Project": "Madrid-Bus-Simulator", "Hours": "24"}
            changed = quick.must("apply", "-auto-approve", "-var=hours=48")
            assert "0 added, 2 changed, 0 destroyed" in changed
            assert hours(running, "bus_position") == 48
            assert tags(running, "bus_position") == {"Project": "Madrid-Bus-Simulator", "Hours": "48"}
            # Exit code 2 would mean that changes are left to apply.
            quick.must("plan", "-detailed-exitcode", "-var=hours=48")
            assert "3 destroyed" in quick.must("destroy", "-auto-approve")
        assert running.write.list_databases()["Databases"] == []
