"""A copy of `terraform/` for tests against moto: stand-in zips, the shipped network, overrides.

`moto/` holds what is other than on AWS, each file with its reason.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from storage.aws_clients import client
from tests.environment import environment
from tests.process import PATIENCE_S
from tests.terraform.provider import attached
from tests.terraform_cli import Terraform
from tests.timestream_endpoint import KEYS

ROOT = Path(__file__).parent.parent.parent
TERRAFORM = ROOT / "terraform"
LINES = ROOT / "data" / "lines.yaml"
MODULES = sorted(path.name for path in (TERRAFORM / "modules").iterdir())
OVERRIDES = Path(__file__).parent / "moto"
REGION = "eu-west-1"
ACCOUNT = "123456789012"
FUNCTIONS = (
    "people_count_api",
    "sensors_api",
    "bus_position_api",
    "network_api",
    "websocket_handler",
    "rest_authorizer",
    "websocket_authorizer",
)
LEFT_OUT = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars")


def copied(folder: Path) -> Path:
    """`terraform/` as a user has it after a clone, under `folder`."""
    return Path(shutil.copytree(TERRAFORM, folder / "terraform", ignore=LEFT_OUT))


def zips(folder: Path) -> Path:
    """Zips in the places of the functions' packages."""
    folder.mkdir(parents=True)
    for name in FUNCTIONS:
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as package:
            package.writestr("handler.py", f"# {name}\n")
    return folder


@dataclass(frozen=True, slots=True)
class Moto:
    """A moto server."""

    url: str

    def client(self, service: str) -> Any:
        """A client of a service there."""
        return client(service, region=REGION, endpoint_url=self.url)


@contextmanager
def moto(folder: Path) -> Iterator[Moto]:
    """A moto server as a process of its own, which knows AWS's managed policies; it logs into `folder`."""
    log = folder / "moto.log"
    with (
        log.open("w") as written,
        subprocess.Popen(
            [sys.executable, "-m", "tests.terraform.moto_server", "--port", "0"],
            cwd=ROOT,
            env=environment(**KEYS, MOTO_IAM_LOAD_MANAGED_POLICIES="true", PYTHONUNBUFFERED="1"),
            stdout=subprocess.DEVNULL,
            stderr=written,
        ) as process,
    ):
        try:
            yield Moto(_listens_at(log, process))
        finally:
            process.kill()
            process.wait(PATIENCE_S)


def _listens_at(log: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(PATIENCE_S * 20):
        found = re.search(r"Running on (http://\S+)", log.read_text())
        if found:
            return found[1]
        assert process.poll() is None, log.read_text()
        threading.Event().wait(0.05)
    raise AssertionError(f"never listened: {log.read_text()}")


@dataclass(frozen=True)
class Stack:
    """`terraform/` ready to be applied to a moto server."""

    terraform: Terraform
    moto: Moto

    def keep_plan(self, **variables: object) -> None:
        """Plan, and keep the plan for `apply`."""
        said = self.terraform.home / "said.tfvars.json"
        said.write_text(json.dumps(variables))
        self.terraform.must("plan", "-out=plan", f"-var-file={said}")

    def plan(self, **variables: object) -> Mapping[str, Any]:
        """A plan as `terraform show -json` has it; it is kept for `apply`."""
        self.keep_plan(**variables)
        plan: Mapping[str, Any] = json.loads(self.terraform.must("show", "-json", "plan"))
        return plan

    def apply(self) -> None:
        """Apply the last plan."""
        self.terraform.must("apply", "plan")

    def outputs(self) -> Mapping[str, Any]:
        """The outputs' values, as the state has them: `terraform output` takes a second of CPU."""
        said = json.loads(self.state_file.read_text())["outputs"]
        return {name: output["value"] for name, output in said.items()}

    @cached_property
    def state_file(self) -> Path:
        """The state file's path."""
        return self.terraform.folder / "terraform.tfstate"


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """A stack before the first apply."""
    root = copied(folder)
    shutil.copytree(OVERRIDES, root, dirs_exist_ok=True)
    network = folder / "network.json"
    network.write_text('{"stands": "in"}\n')
    variables = {
        "lambda_folder": str(zips(folder / "lambda")),
        "network_json": str(network),
        "lines_yaml": str(LINES),
        # moto lacks a call that the provider needs after it has made a budget.
        "monthly_budget_usd": None,
    }
    (root / "test.auto.tfvars.json").write_text(json.dumps(variables))
    with moto(folder) as server:
        terraform = Terraform(root, folder, {"AWS_ENDPOINT_URL": server.url})
        terraform.must("init")
        with attached(terraform) as quick:
            yield Stack(quick, server)
