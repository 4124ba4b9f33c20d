"""`python -m scripts.package_lambda NAME… | --all | --deployed`: build Lambda packages in build/lambda."""

from __future__ import annotations

import hashlib
import sys

import click

from scripts.lambda_bytecode import interpreter
from scripts.lambda_package import HANDLERS, LAMBDA, ROOT, UV, PackageError, write_packages
from scripts.terraform_settings import TERRAFORM, terraform_variables
from services.operate.operator_command import OperatorCommand


@click.command(cls=OperatorCommand)
@click.argument("names", nargs=-1, type=click.Choice(list(HANDLERS)))
@click.option("--all", "everything", is_flag=True, help="Build every package.")
@click.option("--deployed", is_flag=True, help="Build those that terraform/ deploys: all, or none.")
def package_lambda(*, names: tuple[str, ...], everything: bool, deployed: bool) -> None:
    """Write build/lambda/NAME.zip for each name, and print its size and SHA-256."""
    if deployed:
        (front,) = terraform_variables(TERRAFORM, "front")
        if front != "lambda":
            click.echo(f'front = "{front}" has no functions: nothing to package')
            return
        everything = True
    if not names and not everything:
        raise click.UsageError(f"which one? {', '.join(HANDLERS)}, or --all")
    try:
        written = write_packages(list(HANDLERS) if everything else list(dict.fromkeys(names)))
    except (PackageError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    if interpreter(UV, LAMBDA.python) is None:
        click.echo(
            f"without bytecode, for want of a Python {LAMBDA.python}: cold starts take longer", err=True
        )
    for path in written:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        click.echo(f"{path.relative_to(ROOT)}  {len(content) / 1e6:.1f} MB  sha256 {digest}")


if __name__ == "__main__":
    package_lambda()
