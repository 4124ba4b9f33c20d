"""A process that holds a store: how other commands find it, and how they get copies of it."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from services.access.authentication import ApiKey
from services.access.store_holder import SUFFIX, Copyable, Holder
from services.context import Snapshots
from services.inputs.load import beside, store_path
from services.web.uvicorn.server import local_address
from storage.store import Store


@contextmanager
def announced_holder(store_url: str, listener: socket.socket) -> Iterator[ApiKey]:
    """Leave a file beside the store that names this process and the key for its copies; remove it on exit.

    Yields that key.
    """
    key, file = secrets.token_urlsafe(24), beside(store_url, SUFFIX)
    Holder(os.getpid(), *local_address(listener), key).leave(file)
    try:
        yield ApiKey.of(key)
    finally:
        file.unlink(missing_ok=True)


def snapshots_of(store: Store, store_url: str, key: ApiKey) -> Snapshots | None:
    """How to copy the store; None for one that several processes share, which needs no copies."""
    if not isinstance(store, Copyable):
        return None
    return Snapshots(store.copy_to, key, store_path(store_url).parent)
