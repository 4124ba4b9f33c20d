"""The running city that a command without --url and --store means: that of the parts here, if they run.

Else it is the process that holds the store, as for operators' commands (`services.stack.target_system`).
"""

from __future__ import annotations

import shlex

import click
from click.core import ParameterSource

from services import settings
from services.errors import InputError
from services.stack.local_parts import LocalParts, find_local_parts
from services.stack.supervisor_control import StackProblem
from storage.errors import without_password


def url_of_city(url: str | None) -> str | None:
    """`url`, else that of the parts' API, whose key then counts; None if the store says which."""
    if url is not None:
        return url
    parts = meant_parts()
    if parts is None:
        return None
    click.echo(f"On {parts.words}:", err=True)
    if settings.api_key() is None:
        settings.use_variables({"BUS_SIMULATOR_API_KEY": kept_key(parts)})
    return parts.api_url


def kept_key(parts: LocalParts) -> str:
    """The key in the parts' file. Raises `InputError` without one: they have that of their environment."""
    text = parts.key_file.read_text(encoding="utf-8").strip() if parts.key_file.exists() else ""
    if not text:
        raise InputError(
            f"{parts.key_file} has no key: set BUS_SIMULATOR_API_KEY as when the parts were started, or let "
            "`bus-simulator ops api-key` write their key there"
        )
    return text


def name_other_store(store: str) -> None:
    """Print a line if a command is about the default store, although parts run here with another one."""
    try:
        parts = meant_parts()
    except StackProblem:  # containers whose ports aren't known
        return
    if parts is not None:
        place = shlex.quote(without_password(parts.store_url))
        click.echo(f"On {store}. The store of {parts.words} is another: --store {place}", err=True)


def meant_parts() -> LocalParts | None:
    """The parts that run here, unless the command was given a store; None without any."""
    source = click.get_current_context().get_parameter_source("store")
    return find_local_parts() if source is ParameterSource.DEFAULT else None
