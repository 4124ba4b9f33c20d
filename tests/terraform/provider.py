"""One process of the AWS provider for many commands of Terraform.

Terraform starts a provider for each plan, apply or show, and several for each run of a module's tests, and
asks each for 1,400 schemas. A provider that is already running is asked once for each command.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.environment import environment
from tests.process import PATIENCE_S
from tests.terraform_cli import OFFLINE, RARE_COLLECTIONS, REGISTRY, Terraform

ATTACHED = "TF_REATTACH_PROVIDERS"
ADDRESS = re.compile(rf"{ATTACHED}='(.+)'")
PROGRAM = f"{REGISTRY}/hashicorp/aws/*/*/terraform-provider-aws_*"
NO_BUNDLE = {"AWS_CA_BUNDLE": ""}
"""The provider can read a bundle of certificates only once, but each command configures it again."""


@contextmanager
def attached(terraform: Terraform) -> Iterator[Terraform]:
    """The same with a running provider, which `init` must have installed; only one command at a time."""
    (program,) = (terraform.folder / ".terraform" / "providers").glob(PROGRAM)
    log = terraform.home / "provider.log"
    with (
        log.open("w") as written,
        subprocess.Popen(
            [program, "-debug"],
            env=environment(**(OFFLINE | RARE_COLLECTIONS | terraform.variables | NO_BUNDLE)),
            stdout=written,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            variables = {**terraform.variables, ATTACHED: _address(log, process)}
            yield replace(terraform, variables=variables)
        finally:
            process.kill()
            process.wait(PATIENCE_S)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    for _ in range(PATIENCE_S * 20):
        found = ADDRESS.search(log.read_text())
        if found:
            return found[1]
        assert process.poll() is None, log.read_text()
        threading.Event().wait(0.05)
    raise AssertionError(f"never listened: {log.read_text()}")
