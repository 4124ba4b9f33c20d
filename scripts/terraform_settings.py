"""The variables of `terraform/` as Terraform evaluates them, and the outputs of the last apply."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.operate.aws_problems import AwsProblem

TERRAFORM = Path(__file__).parent.parent / "terraform"


def terraform_variables(folder: Path, *names: str) -> Sequence[Any]:
    """The values of variables as JSON has them, in the order of `names`.

    The folder has to be initialised. Raises `AwsProblem`.
    """
    done = _run(folder, "console", given=f"jsonencode([{', '.join(f'var.{name}' for name in names)}])\n")
    if done.returncode:
        said = done.stderr.strip() or "run make init"
        raise AwsProblem(f"terraform doesn't know {', '.join(names)}: {said}")
    # Before the value the console warns of other variables that aren't valid, such as files not yet built.
    values: list[Any] = json.loads(json.loads(done.stdout.splitlines()[-1]))
    return values


def terraform_outputs(folder: Path, *names: str) -> Sequence[str | None]:
    """String outputs as of the last apply, in the order of `names`; None for those that it didn't have.

    Raises `AwsProblem`.
    """
    done = _run(folder, "output", "-json")
    if done.returncode:
        raise AwsProblem(f"terraform can't read its state: {done.stderr.strip()}")
    outputs = json.loads(done.stdout)
    return [outputs[name]["value"] if name in outputs else None for name in names]


def _run(folder: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    program = shutil.which("terraform")
    if program is None:
        raise AwsProblem("terraform is not installed (or not on PATH): 1.11 or later is needed")
    return subprocess.run(  # noqa: S603 - terraform, with fixed names
        [program, f"-chdir={folder}", *words], input=given, capture_output=True, text=True, check=False
    )
