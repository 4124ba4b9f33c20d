"""`scripts/infracost_check.py`: Infracost's estimate of the costs of `terraform/`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import click

from services.operate.operator_command import OperatorCommand

TERRAFORM = Path(__file__).parent.parent / "terraform"
MISSING = """\
infracost is not installed. It is a separate program that queries a price service on the internet:
  brew install infracost            on a Mac; elsewhere see https://www.infracost.io/docs/
  infracost auth login              once, for its (free) key
Without it: docs/costs.md has an estimate from this repository's own price list."""


@click.command(cls=OperatorCommand)
def main() -> None:
    """Run infracost on terraform/, and exit with its code."""
    program = shutil.which("infracost")
    if program is None:
        raise click.ClickException(MISSING)
    done = subprocess.run([program, "breakdown", f"--path={TERRAFORM}", "--format=table"], check=False)  # noqa: S603
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
