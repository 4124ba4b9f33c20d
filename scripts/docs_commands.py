"""`docs/commands.md`: every command's `--help`, and every setting with its variables."""

from __future__ import annotations

from collections.abc import Iterator

import click

from services import settings
from services.cli import cli

WIDTH = 100
PREFACE = """# Commands and settings

Written by `make docs` from the program itself.

## Settings

An option beats its variables; of these the first that is set counts. The API key is set by
`BUS_SIMULATOR_API_KEY` alone: an option would be there for all to see in `ps`.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([PREFACE, *setting_rows(), *helps()]) + "\n"


def setting_rows() -> Iterator[str]:
    """The settings that have variables, as a table."""
    yield "| option | variables | commands |"
    yield "|---|---|---|"
    for key, variables in settings.VARIABLES.items():
        users = [name for name, command in sorted(cli.commands.items()) if uses(command, variables)]
        users += ["every command"] if uses(cli, variables) else []
        names = ", ".join(f"`{name}`" for name in variables)
        yield f"| `--{key.replace('_', '-')}` | {names} | {', '.join(users)} |"
    yield ""


def uses(command: click.Command, variables: tuple[str, ...]) -> bool:
    """Whether a command has an option with these variables."""
    return any(tuple(parameter.envvar or ()) == variables for parameter in command.params)


def helps() -> Iterator[str]:
    """What each command says of itself."""
    for name, command in [("", cli), *sorted(cli.commands.items())]:
        title = f"bus-simulator {name}".strip()
        yield f"## `{title}`"
        yield ""
        yield "```"
        yield help_of(command, title)
        yield "```"
        yield ""


def help_of(command: click.Command, title: str) -> str:
    """A command's help, as wide as the page."""
    context = click.Context(command, info_name=title, terminal_width=WIDTH, max_content_width=WIDTH)
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
