"""`bus-simulator validate`: check network and scenario files."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    epilog="""\b
Examples:
  bus-simulator validate data/lines.yaml
  bus-simulator validate data/scenarios/*.yaml"""
)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def validate(*, files: tuple[Path, ...]) -> None:
    """Check network and scenario FILES, and list all errors with their line and what to change.

    Exits with 1 if a file has errors.
    """
    from services.errors import InputError
    from services.inputs.scenario_library import is_scenario

    wrong = 0
    for file in files:
        try:
            click.echo(f"{file}: {_scenario(file) if is_scenario(file) else _network(file)}.")
        except InputError as error:
            click.echo(error, err=True)
            wrong += 1
    if wrong:
        raise click.exceptions.Exit(1)


def _network(file: Path) -> str:
    from services.console.work_progress import work_progress
    from services.inputs.load import load_network

    with work_progress() as progress:
        network = load_network(file, progress)
    buses = sum(len(line.buses) for line in network.lines)
    return f"{len(network.lines)} lines, {len(network.stops)} stops, {buses} buses"


def _scenario(file: Path) -> str:
    from services.inputs.load import load_scenario

    scenario, network = load_scenario(str(file))
    days = {str(scenario.first_day): None, str(scenario.last_day): None}
    return f"scenario {scenario.name}, {' to '.join(days)}, network {network.name}"
