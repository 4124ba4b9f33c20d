"""The valid API keys, from a secret of AWS Secrets Manager.

The secret has the form of a key file: a plain key, or JSON `{"api_key":"…","keys":{"team-alpha":"…"}}`. While
it can't be read or parsed, the last good keys stay valid. No message shows any part of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from services.access.authentication import Keys
from services.access.key_ring import parse_keys
from services.background import background
from services.refreshed_value import RefreshedValue
from simulator.clock import Clock
from storage.errors import DependencyUnavailable

if TYPE_CHECKING:
    from types_boto3_secretsmanager.client import SecretsManagerClient

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
        client: SecretsManagerClient,
        secret_id: str,
        *,
        refresh_s: float = REFRESH_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._secret_id = client, secret_id
        self._text: str | None = None
        self._keys: RefreshedValue[Keys] = RefreshedValue(
            self._read,
            errors=(BotoCoreError, ClientError, KeyError, ValueError),
            on_error=self._log,
            initial=UnreadKeys(secret_id),
            refresh_s=refresh_s,
            now_s=now_s,
        )

    def name_of(self, offered: str, group: str) -> str | None:
        """See `Keys`."""
        return self._keys.get().name_of(offered, group)

    def hash_of(self, key_name: str) -> bytes | None:
        """See `Keys`."""
        return self._keys.get().hash_of(key_name)

    def name_of_signature(self, message: bytes, signature: bytes, group: str) -> str | None:
        """See `Keys`."""
        return self._keys.get().name_of_signature(message, signature, group)

    def refresh(self) -> None:
        """Read the secret now. If that fails, log it and keep the last good keys."""
        self._keys.refresh()

    def _read(self) -> Keys | None:
        """Return the secret's keys, None if its text is the one read last."""
        text = self._client.get_secret_value(SecretId=self._secret_id)["SecretString"]
        if text == self._text:
            return None
        ring = parse_keys(text)
        if self._text is not None:
            log.info("keys changed", extra={"fields": {"secret": self._secret_id}})
        self._text = text
        return ring

    def _log(self, error: Exception) -> None:
        if isinstance(error, BotoCoreError | ClientError):
            if not self._keys.is_failing:
                log.warning("secret %s not read, keeping the last keys: %s", self._secret_id, error)
            return
        reason = "no text" if isinstance(error, KeyError) else error
        log.error("secret %s has no keys, keeping the last ones: %s", self._secret_id, reason)


@dataclass(frozen=True, slots=True)
class UnreadKeys:
    """Stands in for the keys of a secret that has not been read yet."""

    secret_id: str

    def hash_of(self, _key_name: str) -> bytes | None:
        """Raise `DependencyUnavailable`."""
        raise DependencyUnavailable(f"secret {self.secret_id} could not be read yet")

    def name_of(self, _offered: str, _group: str) -> str | None:
        """Raise `DependencyUnavailable`."""
        raise self._unread()

    def name_of_signature(self, _message: bytes, _signature: bytes, _group: str) -> str | None:
        """Raise `DependencyUnavailable`."""
        raise self._unread()

    def _unread(self) -> DependencyUnavailable:
        return DependencyUnavailable(f"secret {self.secret_id} could not be read yet")


@contextmanager
def refreshing_keys(keys: SecretKeyRing, every_s: float, clock: Clock) -> Iterator[None]:
    """Read the secret every `every_s` in a thread; on exit close the clock."""

    def follow() -> None:
        while clock.rest(every_s):
            keys.refresh()

    with background(follow, name="secret-keys", stop=clock.close):
        yield
