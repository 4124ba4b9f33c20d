"""`python -m scripts.which_system`: print `aws` or `local`, for make, which has a command for each."""

from __future__ import annotations

import click

from services.operate.operator_command import OperatorCommand, target_option, target_region_option
from services.stack.target_system import chosen_system


@click.command(cls=OperatorCommand)
@target_option
@target_region_option
def main(*, target: str | None, region: str | None) -> None:
    """Print which system the variables TARGET and AWS_REGION mean, for make; in words to stderr."""
    click.echo("aws" if chosen_system(target, region).kind == "aws" else "local")


if __name__ == "__main__":
    main()
