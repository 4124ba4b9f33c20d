"""How people get at a process that serves: its keys, and what it says when it starts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TypeAlias

import click

from services import settings
from services.access.authentication import Keys, LocalKey, local_key
from services.access.key_ring import keys_of
from services.errors import InputError
from services.inputs.load import beside

KEY_SUFFIX = ".api-key"


def local_keys(store: str, *, refresh: timedelta) -> tuple[Keys, LocalKey]:
    """The valid keys of a process over a store, and where they come from. Raises `InputError`, OSError."""
    key = local_key(settings.api_key(), beside(store, KEY_SUFFIX))
    try:
        return keys_of(key.text, key.path, refresh_s=refresh.total_seconds()), key
    except ValueError as error:
        raise InputError(f"{key.path or 'BUS_SIMULATOR_API_KEY'}: {error}") from None


Greet: TypeAlias = Callable[[str, LocalKey], None]
"""Is told the URL and the key when requests can come."""


def greet(url: str, key: LocalKey) -> None:
    """Say where the services are and how to query them."""
    click.echo(welcome(url, key))


def welcome(url: str, key: LocalKey) -> str:
    """Where the API is and how to query it; the key itself only when it was made just now."""
    shown, where = key_and_origin(key)
    return instructions(url, shown, where)


def welcome_with_secret(url: str, secret_id: str) -> str:
    """The same where the key is in a secret of Secrets Manager."""
    command = (
        f"aws secretsmanager get-secret-value --secret-id {secret_id} --query SecretString --output text"
    )
    return instructions(url, f"$({command} | jq -r .api_key)", f"API key: in the secret {secret_id}")


def instructions(url: str, shown: str, where: str) -> str:
    """Where the API is, where its key, and lines to paste."""
    queries = ("people-count/S001?mode=latest", "bus-position/line/L1?mode=latest")
    curls = [f'  curl -H "x-api-key: {shown}" -H "x-group-name: me" "{url}/{query}"' for query in queries]
    return "\n".join((f"Madrid Bus Real-Time Simulator at {url}", where, *curls))


def key_and_origin(key: LocalKey) -> tuple[str, str]:
    """What a shell makes the key of, and where it comes from."""
    is_json = key.text.startswith("{")
    if key.is_new:
        return key.text, f"API key (new, kept in {key.path}): {key.text}"
    if key.path is not None:
        read = "jq -r .api_key" if is_json else "cat"
        return f"$({read} {key.path})", f"API key: in {key.path}"
    variable = "$(jq -r .api_key <<<$BUS_SIMULATOR_API_KEY)" if is_json else "$BUS_SIMULATOR_API_KEY"
    return variable, "API key: from BUS_SIMULATOR_API_KEY"
