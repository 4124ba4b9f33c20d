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


def access(store: str, *, refresh: timedelta) -> tuple[Keys, LocalKey]:
    """The valid keys of a process over a store, and where they come from. Raises `InputError`, OSError."""
    key = local_key(settings.api_key(), beside(store, KEY_SUFFIX))
    try:
        return keys_of(key.text, key.path, refresh_s=refresh.total_seconds()), key
    except ValueError as error:
        raise InputError(f"{key.path or 'BUS_SIMULATOR_API_KEY'}: {error}") from None


Greet: TypeAlias = Callable[[str, LocalKey], None]
"""Is told the URL and the key when requests can come."""


def greet(url: str, key: LocalKey) -> None:
    """Say where the services are and how to ask them."""
    click.echo(welcome(url, key))


def welcome(url: str, key: LocalKey) -> str:
    """Where the API is and how to ask it; the key itself only when it was made just now."""
    shown, where = shown_key(key)
    return asking(url, shown, where)


def welcome_by_secret(url: str, secret_id: str) -> str:
    """The same where the key is in a secret of Secrets Manager."""
    asked = f"aws secretsmanager get-secret-value --secret-id {secret_id} --query SecretString --output text"
    return asking(url, f"$({asked} | jq -r .api_key)", f"API key: in the secret {secret_id}")


def asking(url: str, shown: str, where: str) -> str:
    """Where the API is, where its key, and lines to paste."""
    asks = ("people-count/S001?mode=latest", "bus-position/line/L1?mode=latest")
    curls = [f'  curl -H "x-api-key: {shown}" -H "x-group-name: me" "{url}/{ask}"' for ask in asks]
    return "\n".join((f"Madrid Bus Real-Time Simulator at {url}", where, *curls))


def shown_key(key: LocalKey) -> tuple[str, str]:
    """What a shell makes the key of, and where it comes from."""
    is_json = key.text.startswith("{")
    if key.is_new:
        return key.text, f"API key (new, kept in {key.path}): {key.text}"
    if key.path is not None:
        read = "jq -r .api_key" if is_json else "cat"
        return f"$({read} {key.path})", f"API key: in {key.path}"
    variable = "$(jq -r .api_key <<<$BUS_SIMULATOR_API_KEY)" if is_json else "$BUS_SIMULATOR_API_KEY"
    return variable, "API key: from BUS_SIMULATOR_API_KEY"
