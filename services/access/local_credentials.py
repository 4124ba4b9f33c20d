"""The keys of a local server, and the greeting with example requests that it prints at start."""

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
    """Return the valid keys of a server over a store, and their source. Raises `InputError`, OSError."""
    key = local_key(settings.api_key(), beside(store, KEY_SUFFIX))
    try:
        return keys_of(key.text, key.path, refresh_s=refresh.total_seconds()), key
    except ValueError as error:
        raise InputError(f"{key.path or 'BUS_SIMULATOR_API_KEY'}: {error}") from None


Greet: TypeAlias = Callable[[str, LocalKey], None]
"""Called with the server's URL and key once it accepts connections."""


def greet(url: str, key: LocalKey) -> None:
    """Print the server's URL, where its key is, and example requests."""
    click.echo(welcome(url, key))


def welcome(url: str, key: LocalKey) -> str:
    """The greeting of a server with a local key, which is shown only if it is new."""
    shown, where = key_and_origin(key)
    return instructions(url, shown, where)


def welcome_with_secret(url: str, secret_id: str) -> str:
    """The greeting of a server whose key is in a secret of AWS Secrets Manager."""
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
    """Return a shell expression that yields the key, and a line that says where the key is."""
    is_json = key.text.startswith("{")
    if key.is_new:
        return key.text, f"API key (new, kept in {key.path}): {key.text}"
    if key.path is not None:
        read = "jq -r .api_key" if is_json else "cat"
        return f"$({read} {key.path})", f"API key: in {key.path}"
    variable = "$(jq -r .api_key <<<$BUS_SIMULATOR_API_KEY)" if is_json else "$BUS_SIMULATOR_API_KEY"
    return variable, "API key: from BUS_SIMULATOR_API_KEY"
