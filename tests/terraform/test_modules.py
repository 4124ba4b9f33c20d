"""Every module by `terraform test` with a mock provider: its example, and refused input.

One Terraform process with one running provider runs the tests of all modules: starting providers and reading
their schemas would take nine tenths of the time.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.terraform.provider import attached
from tests.terraform.stack import LEFT_OUT, LINES, MODULES, TERRAFORM, zips
from tests.terraform_cli import Terraform

pytestmark = pytest.mark.terraform

RUN = re.compile(r'^run "(\w+)" {$', re.MULTILINE)
EXAMPLE = "tests/example.tftest.hcl"


@dataclass(slots=True)
class Outcome:
    """How a module's test file ended: `pass` or another status, its runs by name, and what was wrong."""

    status: str = "never ran"
    runs: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def seen_from_the_root(name: str) -> str:
    """A module's test file as it has to be for `terraform test` two folders above the module."""
    written = (TERRAFORM / "modules" / name / EXAMPLE).read_text()
    moved = written.replace('"../../mocks"', '"./mocks"').replace('"../../../', '"../')
    return RUN.sub(rf'run "\1" {{\n  module {{\n    source = "./modules/{name}"\n  }}\n', moved)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """How the tests of each module ended."""
    folder = tmp_path_factory.mktemp("modules")
    root = folder / "terraform"
    for name in ("modules", "mocks"):
        shutil.copytree(TERRAFORM / name, root / name, ignore=LEFT_OUT)
    shutil.copy(TERRAFORM / "versions.tf", root)
    zips(folder / "build/lambda")
    (folder / "data").mkdir()
    shutil.copy(LINES, folder / "data")
    (root / "tests").mkdir()
    for name in MODULES:
        (root / f"tests/{name}.tftest.hcl").write_text(seen_from_the_root(name))
    terraform = Terraform(root, folder)
    terraform.must("init")
    with attached(terraform) as quick:
        return read(quick.run("test", "-json").out)


def read(lines: str) -> Mapping[str, Outcome]:
    """The outcomes in what `terraform test -json` writes, a JSON object a line."""
    found = {name: Outcome() for name in MODULES}
    for said in map(json.loads, lines.splitlines()):
        name = Path(said.get("@testfile", "")).name.partition(".")[0]
        if name not in found:
            continue
        match said["type"]:
            case "test_run" if "status" in said["test_run"]:
                found[name].runs[said["@testrun"]] = said["test_run"]["status"]
            case "test_file" if "status" in said["test_file"]:
                found[name].status = said["test_file"]["status"]
            case "diagnostic":
                diagnostic = said["diagnostic"]
                found[name].problems.append(f"{diagnostic['summary']}: {diagnostic.get('detail', '')}")
    return found


@pytest.mark.parametrize("name", MODULES)
def test_a_modules_tests_pass(name: str, outcomes: Mapping[str, Outcome]) -> None:
    outcome = outcomes[name]
    written = RUN.findall((TERRAFORM / "modules" / name / EXAMPLE).read_text())
    assert written
    assert (outcome.status, outcome.runs) == ("pass", dict.fromkeys(written, "pass")), outcome.problems
