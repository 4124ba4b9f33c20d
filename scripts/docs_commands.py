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
    for name in ["", *sorted(cli.commands)]:
        yield f"## `{f'bus-simulator {name}'.strip()}`"
        yield ""
        yield "```"
        yield help_of(name)
        command = cli.commands.get(name)
        for inner in sorted(command.commands) if isinstance(command, click.Group) else ():
            yield f"\n{help_of(name, inner)}"
        yield "```"
        yield ""


def help_of(*names: str) -> str:
    """A command's help, as wide as the page."""
    settings_of_all = {**cli.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(cli, info_name="bus-simulator", **settings_of_all)
    command: click.Command = cli
    for name in filter(None, names):
        command = command.commands[name] if isinstance(command, click.Group) else command
        context = click.Context(command, parent=context, info_name=name)
    return "\n".join(line.rstrip() for line in context.get_help().splitlines())
