"""Messages to the clients of a WebSocket API, sent through API Gateway's Management API.

A client that is gone is removed. Throttled calls are retried after random pauses whose limit doubles ("full
jitter"). A client that can't be reached, or not in time, misses the message; the others get it.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from storage.timestream_client import RetryPolicy
from storage.timestream_errors import code_of, is_transient, summary_of

if TYPE_CHECKING:
    from types_boto3_apigatewaymanagementapi.client import ApiGatewayManagementApiClient

log = logging.getLogger("bus_simulator.live")

MOST_THREADS = 32
"""How many clients are sent to at the same time."""
RETRIES = RetryPolicy(attempts=6, first_s=0.05, longest_s=2.0)
GRAINS = 1_000_000
GONE = "GoneException"
PAUSE = threading.Event().wait


class SendOutcome(Enum):
    """How sending to a client ended; `LATE` means that time ran out."""

    SENT, GONE, FAILED, LATE = "sent", "gone", "failed", "late"


@dataclass(frozen=True, slots=True)
class SendCounts:
    """How many clients got their messages, were gone, or failed (late ones included)."""

    sent: int
    gone: int
    failed: int


class GatewaySender:
    """Sends through the Management API, and calls `forget` for connections that are gone.

    `until_s` of its methods is in seconds of `now_s`: no attempt begins later.
    """

    def __init__(
        self,
        client: ApiGatewayManagementApiClient,
        forget: Callable[[str], None],
        *,
        retries: RetryPolicy = RETRIES,
        pause: Callable[[float], object] = PAUSE,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._forget = client, forget
        self._retries, self._pause, self._now_s = retries, pause, now_s

    def send(self, connection_id: str, texts: Sequence[str], *, until_s: float = math.inf) -> SendOutcome:
        """Send texts in order; stop at the first that isn't sent."""
        for text in texts:
            outcome = self._post(connection_id, text.encode("utf-8", "replace"), until_s)
            if outcome is not SendOutcome.SENT:
                return outcome
        return SendOutcome.SENT

    def send_all(self, texts_of: Mapping[str, Sequence[str]], *, until_s: float = math.inf) -> SendCounts:
        """Send each connection its texts, `MOST_THREADS` connections at a time."""
        with ThreadPoolExecutor(MOST_THREADS, "push") as threads:
            found = list(threads.map(partial(self.send, until_s=until_s), texts_of, texts_of.values()))
        sent, gone, failed, late = (found.count(outcome) for outcome in SendOutcome)
        if late:
            log.warning("no time left to send to %d of %d connections", late, len(found))
        return SendCounts(sent, gone, failed + late)

    def close(self, connection_id: str) -> None:
        """Close a connection if it is open. A failure is logged."""
        try:
            self._client.delete_connection(ConnectionId=connection_id)
        except (BotoCoreError, ClientError) as error:
            if code_of(error) != GONE:
                log.warning("connection %s not closed: %s", connection_id, summary_of(error))

    def _post(self, connection_id: str, data: bytes, until_s: float) -> SendOutcome:
        failures = 0
        while self._now_s() < until_s:
            try:
                self._client.post_to_connection(ConnectionId=connection_id, Data=data)
            except (BotoCoreError, ClientError) as error:
                if code_of(error) == GONE:
                    self._forget_gone(connection_id)
                    return SendOutcome.GONE
                failures += 1
                if not is_transient(error) or failures >= self._retries.attempts:
                    log.warning("connection %s misses a message: %s", connection_id, summary_of(error))
                    return SendOutcome.FAILED
                self._pause(secrets.randbelow(GRAINS) / GRAINS * self._retries.limit_s(failures))
            else:
                return SendOutcome.SENT
        return SendOutcome.LATE

    def _forget_gone(self, connection_id: str) -> None:
        try:
            self._forget(connection_id)
        except (BotoCoreError, ClientError, TimeoutError) as error:
            log.warning("connection %s is gone, but not removed: %s", connection_id, error)
