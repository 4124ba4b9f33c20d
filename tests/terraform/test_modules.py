"""Every module by `terraform test`, against a provider that is a mock: its example, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.terraform.stack import MODULES, copied, zips
from tests.terraform_cli import Terraform

pytestmark = pytest.mark.terraform


@pytest.mark.parametrize("name", MODULES)
def test_a_module_does_what_its_tests_say(name: str, tmp_path: Path) -> None:
    root = copied(tmp_path)
    zips(tmp_path / "build/lambda")
    (tmp_path / "data").mkdir()
    shutil.copy(Path(__file__).parent.parent.parent / "data/lines.yaml", tmp_path / "data")
    terraform = Terraform(root / "modules" / name, tmp_path)
    terraform.must("init")
    said = terraform.must("test", "-no-color")
    assert " 0 failed" in said
    assert not said.startswith("Success! 0 passed")
