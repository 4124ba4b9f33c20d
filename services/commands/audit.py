"""`bus-simulator audit`."""

import click


@click.command()
def audit() -> None:
    """Placeholder."""
