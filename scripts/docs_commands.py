"""`docs/commands.md`: the `--help` of every command, and the environment variables of every setting."""

from __future__ import annotations

from collections.abc import Iterator

import click

from services import settings
from services.cli import cli

WIDTH = 100
PREFACE = """# Commands and settings

Written by `make docs` from the program itself.

## Settings

An option takes precedence over its variables, and of several variables the first that is set counts. The
API key has no option, only `BUS_SIMULATOR_API_KEY`: other users could read an option in `ps`. Nor have the
tokens of a Timestream endpoint: it asks its clients for one if `BUS_SIMULATOR_WRITER_TOKEN` and
`BUS_SIMULATOR_READER_TOKEN` are set, and a client sends the one in `BUS_SIMULATOR_STORE_TOKEN`.
"""


def page() -> str:
    """The page's text."""
    return "\n".join([PREFACE, *setting_rows(), *helps()]) + "\n"


def setting_rows() -> Iterator[str]:
    """The table of settings that have variables."""
    yield "| option | variables | commands |"
    yield "|---|---|---|"
    for key, variables in settings.VARIABLES.items():
        users = [name for name, command in sorted(cli.commands.items()) if uses(command, variables)]
        users += ["every command"] if uses(cli, variables) else []
        names = ", ".join(f"`{name}`" for name in variables)
        yield f"| `--{key.replace('_', '-')}` | {names} | {', '.join(users)} |"
    yield ""


def uses(command: click.Command, variables: tuple[str, ...]) -> bool:
    """Whether a command has an option that reads these environment variables."""
    return any(tuple(parameter.envvar or ()) == variables for parameter in command.params)


def helps() -> Iterator[str]:
    """The help of each command."""
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
    """A command's help, in the page's width."""
    settings_of_all = {**cli.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(cli, info_name="bus-simulator", **settings_of_all)
    command: click.Command = cli
    for name in filter(None, names):
        command = command.commands[name] if isinstance(command, click.Group) else command
        context = click.Context(command, parent=context, info_name=name)
    return "\n".join(line.rstrip() for line in context.get_help().splitlines())
