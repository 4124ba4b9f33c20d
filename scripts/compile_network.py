"""`python -m scripts.compile_network`: the network that `terraform/` is set to, as functions on AWS read it.

Before every plan, because the file follows from the program as well as from the network.
"""

from __future__ import annotations

from pathlib import Path

import click

from scripts.terraform_settings import TERRAFORM, terraform_variables
from services.aws.compiled_network import dump
from services.inputs.load import load_inputs
from services.operate.operator_command import OperatorCommand


@click.command(cls=OperatorCommand)
@click.option("--terraform", "folder", type=click.Path(path_type=Path), default=TERRAFORM, hidden=True)
def main(*, folder: Path) -> None:
    """Write what lines_yaml names, with the run that feeders make of it, to where network_json says."""
    network, output = (folder / path for path in terraform_variables(folder, "lines_yaml", "network_json"))
    inputs = load_inputs(network, seed=None)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(dump(inputs.network, inputs.run))
    click.echo(f"{output.resolve()}: {network.resolve()}, model {inputs.run.model_version}")


if __name__ == "__main__":
    main()
