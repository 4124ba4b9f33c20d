"""Start the program: `bus-simulator`, and `python -m bus_simulator`."""

from __future__ import annotations

from typing import NoReturn

from bus_simulator.program import use_program


def main() -> NoReturn:
    """Run the command line, and exit with its code."""
    use_program()
    from services.cli import main as command_line

    command_line()
