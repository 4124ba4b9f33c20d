"""`python -m scripts.compile_network`: compile the network set in `terraform/` for the Lambda functions.

Runs before every plan, since the file depends on the program's version as well as on the network.
"""

from __future__ import annotations

from pathlib import Path

import click

from scripts.terraform_settings import TERRAFORM, terraform_variables
from services.aws.compiled_network import dump
from services.console.work_progress import work_progress
from services.inputs.load import load_inputs
from services.operate.operator_command import OperatorCommand


@click.command(cls=OperatorCommand)
@click.option("--terraform", "folder", type=click.Path(path_type=Path), default=TERRAFORM, hidden=True)
def main(*, folder: Path) -> None:
    """Compile the network lines_yaml, with the run that feeders derive from it, into network_json."""
    source, target, scenario = terraform_variables(folder, "lines_yaml", "network_json", "scenario")
    network, output = folder / source, folder / target
    with work_progress() as progress:
        inputs = load_inputs(network, seed=None, scenario=scenario or None, on_progress=progress)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(dump(inputs.network, inputs.run))
    click.echo(f"{output.resolve()}: {network.resolve()}, model {inputs.run.model_version}")


if __name__ == "__main__":
    main()
