"""`bus-simulator validate`: are these network files right."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    epilog="""\b
Example:
  bus-simulator validate data/lines.yaml"""
)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def validate(*, files: tuple[Path, ...]) -> None:
    """Check network files and name everything that is wrong, each with its line and how to mend it."""
    from services.inputs import InputError, load_network

    wrong = 0
    for file in files:
        try:
            network = load_network(file)
        except InputError as error:
            click.echo(error, err=True)
            wrong += 1
        else:
            buses = sum(len(line.buses) for line in network.lines)
            click.echo(f"{file}: {len(network.lines)} lines, {len(network.stops)} stops, {buses} buses.")
    if wrong:
        raise click.exceptions.Exit(1)
