"""Requests of commands to the process that runs a city: the one at a URL, or the one that holds a store."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services import settings
from services.access.authentication import GROUP_HEADER, KEY_HEADER, local_key
from services.access.key_plaintext import parse_plain_keys
from services.access.local_credentials import KEY_SUFFIX
from services.access.store_holder import SUFFIX, read_holder
from services.errors import InputError
from services.inputs.load import beside
from storage.errors import DependencyError, DependencyUnavailable, StoreUnavailable

PATIENCE_S = 60.0
BAD_REQUEST = 400


class Refused(DependencyError):
    """The running city refused a request; the message says why."""


@dataclass(frozen=True, slots=True, repr=False)
class RunningCity:
    """A simulator's URL, and the key and group of requests to it."""

    url: str
    key: str
    group: str

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Send a request and return the JSON of its answer.

        Raises `InputError` for 400, `Refused` for other errors, `DependencyUnavailable` without an answer.
        """
        to = urlsplit(self.url)
        kind = http.client.HTTPSConnection if to.scheme == "https" else http.client.HTTPConnection
        headers = {KEY_HEADER: self.key, GROUP_HEADER: self.group}
        content = None if body is None else json.dumps(body)
        try:
            with closing(kind(to.hostname or "", to.port, timeout=PATIENCE_S)) as connection:
                connection.request(method, to.path.rstrip("/") + path, content, headers)
                answer = connection.getresponse()
                found = json.loads(answer.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise DependencyUnavailable(f"no simulator answers at {self.url}: {error}") from error
        if answer.status < BAD_REQUEST:
            return found
        messages = found.get("errors") or [found.get("message", f"status {answer.status}")]
        text = "\n".join([*messages, *([found["hint"]] if "hint" in found else [])])
        raise InputError(text) if answer.status == BAD_REQUEST else Refused(text)


def running_city(store: str, url: str | None, group: str) -> RunningCity:
    """The simulator at a URL, else the one that holds a store.

    The key is that of the environment, else the one in the file beside the store. Raises `InputError` without
    a key, and `StoreUnavailable` if no process holds the store.
    """
    place = url or _holder_of(store)
    file = beside(store, KEY_SUFFIX)
    if settings.api_key() is None and not file.exists():
        raise InputError(f"no API key: set BUS_SIMULATOR_API_KEY, or a --store with {file.name} beside it")
    try:
        key = parse_plain_keys(local_key(settings.api_key(), file).text).general
    except ValueError as error:
        raise InputError(f"the API key can't be used: {error}") from None
    return RunningCity(place, key, group)


def _holder_of(store: str) -> str:
    try:
        return read_holder(beside(store, SUFFIX)).url
    except StoreUnavailable as error:
        raise StoreUnavailable(
            f"no simulator runs over {store}; start one with --control, or give --url"
        ) from error
