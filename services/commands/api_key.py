"""`bus-simulator api-key`: the key of a simulator on this machine."""

from __future__ import annotations

import click

from services import settings
from services.commands import options


@click.command(
    epilog="""\b
Example:
  KEY=$(bus-simulator api-key)"""
)
@options.store_option
def api_key(*, store: str) -> None:
    """Print the API key that works with every group name.

    It is the key of BUS_SIMULATOR_API_KEY, or that of the parts that run here (`make up`), or the one in the
    file beside the store, which is created here if `bus-simulator run` has not yet done so.
    """
    from services.access.authentication import LocalKey, local_key
    from services.access.key_plaintext import parse_plain_keys
    from services.access.local_credentials import KEY_SUFFIX
    from services.errors import InputError
    from services.inputs.load import beside
    from services.stack.city_here import kept_key, meant_parts

    given = settings.api_key()
    parts = meant_parts() if given is None else None
    if parts is None:
        key = local_key(given, beside(store, KEY_SUFFIX))
    else:
        key = LocalKey(kept_key(parts), parts.key_file, is_new=False)
    try:
        click.echo(parse_plain_keys(key.text).general)
    except ValueError as error:
        raise InputError(f"{key.path or 'BUS_SIMULATOR_API_KEY'}: {error}") from None
