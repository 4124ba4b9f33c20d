"""Capped exponential backoff: the pauses between attempts at something that can't be reached for now.

Here without jitter, for one process that retries on its own. `storage.timestream_client` draws its pauses at
random ("full jitter"), since many writers may retry there at once.
"""

from __future__ import annotations

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0


class Backoff:
    """Pauses of `first_s`, twice that, four times …, at most `longest_s`, until a success resets them."""

    def __init__(self, first_s: float = FIRST_PAUSE_S, longest_s: float = LONGEST_PAUSE_S) -> None:
        self._first_s, self._longest_s = first_s, longest_s
        self._pause_s = first_s
        self.is_retrying = False
        """Whether an attempt has failed since the last success."""

    def next_pause_s(self) -> float:
        """Seconds to wait after a failure; the next pause is twice as long."""
        pause_s, self.is_retrying = self._pause_s, True
        self._pause_s = min(2 * pause_s, self._longest_s)
        return pause_s

    def reset(self) -> None:
        """Start again with `first_s`: an attempt succeeded."""
        self._pause_s, self.is_retrying = self._first_s, False
