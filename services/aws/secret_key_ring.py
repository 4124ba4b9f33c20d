"""The keys that are valid now, from a secret of AWS Secrets Manager.

The secret is what a key file is: a plain key, or JSON `{"api_key":"…","keys":{"team-alpha":"…"}}`. While it
can't be read, or isn't one, the keys before it stay valid. No message shows any of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from services.access.key_ring import KeyRing, parse_keys
from services.background import background
from simulator.clock import Clock
from storage.errors import DependencyUnavailable

log = logging.getLogger("bus_simulator.keys")

REFRESH_S = 60.0


class SecretKeyRing:
    """The keys in a secret (`services.access.authentication.Keys`); a changed one counts within `refresh_s`.

    The first look-up reads the secret, and so does each one that finds the keys older than that. A server
    reads it in a thread instead (`refreshing_keys`), so that no request waits. Raises `DependencyUnavailable`
    where there are none yet.
    """

    def __init__(
        self,
        client: Any,
        secret_id: str,
        *,
        refresh_s: float = REFRESH_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._secret_id = client, secret_id
        self._refresh_s, self._now_s = refresh_s, now_s
        self._reading = Lock()
        self._text: str | None = None
        self._ring: KeyRing | None = None
        self._looked_s = -float("inf")
        self._away = False

    def name_of(self, offered: str, group: str) -> str | None:
        """See `Keys`."""
        if self._now_s() - self._looked_s >= self._refresh_s:
            self.refresh()
        if self._ring is None:
            raise DependencyUnavailable(f"the secret {self._secret_id} could not be read yet")
        return self._ring.name_of(offered, group)

    def refresh(self) -> None:
        """Read the secret now. Where that fails the keys before stay valid, which is logged."""
        with self._reading:
            self._looked_s = self._now_s()
            try:
                text: str = self._client.get_secret_value(SecretId=self._secret_id)["SecretString"]
                self._away = False
                self._take(text)
            except (BotoCoreError, ClientError) as error:
                if not self._away:
                    log.warning("the secret %s can't be read: %s", self._secret_id, error)
                self._away = True
            except (KeyError, ValueError) as error:
                reason = "no text" if isinstance(error, KeyError) else error
                log.error("the secret %s has no keys (%s): those before stay", self._secret_id, reason)

    def _take(self, text: str) -> None:
        if text == self._text:
            return
        ring = parse_keys(text)
        if self._ring is not None:
            log.info("keys changed", extra={"fields": {"secret": self._secret_id}})
        self._text, self._ring = text, ring


@contextmanager
def refreshing_keys(keys: SecretKeyRing, every_s: float, clock: Clock) -> Iterator[None]:
    """Read the secret every `every_s` in a thread; on exit close the clock."""

    def follow() -> None:
        while clock.rest(every_s):
            keys.refresh()

    with background(follow, name="secret-keys", stop=clock.close):
        yield
