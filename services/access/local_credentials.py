"""A server's keys, from the environment or the file beside its store."""

from __future__ import annotations

from datetime import timedelta

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
