"""`scripts/infracost_check.py`: what Infracost says `terraform/` will cost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import click

from services.operate.operator_command import OperatorCommand

TERRAFORM = Path(__file__).parent.parent / "terraform"
MISSING = """\
infracost is not installed. It is a program of its own, which asks a price service over the internet:
  brew install infracost            on a Mac; elsewhere see https://www.infracost.io/docs/
  infracost auth login              once, for its (free) key
Without it: docs/costs.md has the same sum from this repository's own price list."""


@click.command(cls=OperatorCommand)
def main() -> None:
    """Run infracost over terraform/, with its usage file; its exit code is this one's."""
    program = shutil.which("infracost")
    if program is None:
        raise click.ClickException(MISSING)
    done = subprocess.run([program, "breakdown", f"--path={TERRAFORM}", "--format=table"], check=False)  # noqa: S603
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
