"""The variables of `terraform/` as Terraform evaluates them: terraform.tfvars over the defaults."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from services.operate.aws_problems import AwsProblem

TERRAFORM = Path(__file__).parent.parent / "terraform"


def terraform_variables(folder: Path, *names: str) -> Sequence[str]:
    """The values of string variables, in the order of `names`. The folder has to be initialised.

    Raises `AwsProblem`.
    """
    program = shutil.which("terraform")
    if program is None:
        raise AwsProblem("terraform is not installed (or not on PATH): 1.11 or later is needed")
    done = subprocess.run(  # noqa: S603 - terraform, with fixed names
        [program, f"-chdir={folder}", "console"],
        input=f"jsonencode([{', '.join(f'var.{name}' for name in names)}])\n",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip() or "run make init"
        raise AwsProblem(f"terraform doesn't know {', '.join(names)}: {said}")
    values: list[str] = json.loads(json.loads(done.stdout))
    return values
