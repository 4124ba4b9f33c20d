"""`scripts/compile_network.py FILE -o network.json`: a network as the functions on AWS read it."""

from __future__ import annotations

from pathlib import Path

import click

from services.aws.network_json import dump
from services.aws.operator_command import OperatorCommand
from services.inputs import load_inputs


@click.command(cls=OperatorCommand)
@click.argument("network", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
def main(*, network: Path, output: Path) -> None:
    """Write NETWORK, with the run that feeders make of it, into one file that needs no YAML to be read."""
    inputs = load_inputs(network, seed=None)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(dump(inputs.network, inputs.run))


if __name__ == "__main__":
    main()
