"""checkov finds nothing except what `terraform/checkov.yaml` or a comment skips with a reason."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest

from tests.environment import environment
from tests.terraform.stack import ROOT, TERRAFORM

pytestmark = pytest.mark.terraform

CHECKOV = ROOT / "build/checkov/bin/checkov"
LEFT = re.compile(r"^  - (CKV2?_AWS_\d+)(?: # (.+))?$", re.MULTILINE)
LEFT_HERE = re.compile(r"#checkov:skip=(CKV2?_AWS_\d+)(?::(.*))?$", re.MULTILINE)
WORDS = 4


@pytest.fixture(scope="module")
def found() -> Mapping[str, Any]:
    assert CHECKOV.exists(), "make test-aws installs checkov"
    done = subprocess.run(
        [CHECKOV, "-d", TERRAFORM, "--framework", "terraform", "-o", "json", "--skip-download"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    report: Mapping[str, Any] = json.loads(done.stdout)
    return report


def test_checkov_finds_nothing_that_is_not_skipped(found: Mapping[str, Any]) -> None:
    assert found["summary"]["parsing_errors"] == 0
    assert found["summary"]["passed"] > 500
    left = {check for check, _ in LEFT.findall((TERRAFORM / "checkov.yaml").read_text())}
    failed = {each["check_id"]: each["resource"] for each in found["results"]["failed_checks"]}
    assert failed.keys() - left == set(), failed
    assert left - failed.keys() == set(), "left, but no longer found"


def test_every_skip_at_a_resource_is_needed(found: Mapping[str, Any]) -> None:
    sources = "\n".join(
        path.read_text() for path in TERRAFORM.rglob("*.tf") if ".terraform" not in path.parts
    )
    here = {check for check, _ in LEFT_HERE.findall(sources)}
    assert {each["check_id"] for each in found["results"]["skipped_checks"]} == here


def test_every_skip_has_a_reason() -> None:
    entries = LEFT.findall((TERRAFORM / "checkov.yaml").read_text())
    for path in TERRAFORM.rglob("*.tf"):
        entries += LEFT_HERE.findall(path.read_text())
    assert len(entries) > 20
    assert [check for check, reason in entries if len(reason.split()) < WORDS] == []
